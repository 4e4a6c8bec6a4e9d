"""Why the cluster's names are not found. Texts: CoreDNS' log; its plugin/loop, forward, errors, kubernetes."""

from bootheal.causes.catalogue import Harmless
from bootheal.causes.cause import Cause, Gravity, Sign, Source
from bootheal.causes.signs import log

DNS: tuple[Cause, ...] = (
    Cause(
        id="dns-loop",
        means="CoreDNS asks itself: its forwarder leads back to it, as where the node's resolv.conf names 127.0.0.1",
        gravity=Gravity.PERSON,
        signs=log(r"plugin/loop: (?:Loop|Seen) .*detected"),
        next_step="give the node a resolv.conf with a real name server, or k3s --resolv-conf, then "
        "kubectl -n kube-system rollout restart deployment/coredns",
    ),
    Cause(
        id="dns-configuration-broken",
        means="CoreDNS does not understand its Corefile: {said}",
        gravity=Gravity.PERSON,
        # What a plugin says while it runs has its level before it: of a name, of a certificate, of another's answer.
        signs=log(
            r"Corefile:\d+",
            r"(?<!\] )plugin/\w+: .*(?:unknown|no such|not a valid|no valid|invalid|not an IP address)",
            r"^plugin/\w+: (?:no nameservers found|this plugin can only be used once)",
            r"^cannot serve \S+ - (?:it is already defined|zone overlap)",
            "Unknown directive",
        ),
        next_step="kubectl -n kube-system edit configmap coredns (and coredns-custom)",
    ),
    Cause(
        id="dns-configuration-missing",
        means="CoreDNS has no Corefile: {said}",
        gravity=Gravity.PERSON,
        signs=log(r"loading Caddyfile .*no such file or directory"),
        next_step="kubectl -n kube-system get configmap coredns -o yaml; k3s writes it when it starts",
    ),
    Cause(
        id="dns-waits-for-the-api",
        means="CoreDNS cannot reach the API server: {said}",
        gravity=Gravity.PASSES,
        signs=log(
            "starting server with unsynced Kubernetes API",
            r"plugin/kubernetes\b.*(?:dial tcp 10\.\d+\.\d+\.1:443: |timeout|refused|no route)",
        ),
        next_step="see the node's network: kubectl -n kube-system get pods; ip route",
    ),
    # whoever asks it by the address of its Service: flannel, operators; rancher#12766
    Cause(
        id="api-out-of-reach",
        means="the API server is not to be reached by its Service's address, as before kube-proxy has set its rules: "
        "{said}",
        gravity=Gravity.PASSES,
        signs=log(
            r"dial tcp 10\.\d+\.\d+\.1:443: (?:connect: |i/o timeout)",
            # flannel#1605, stolon#806
            r"https://10\.\d+\.\d+\.1:443/(?:api|version)\S*: "
            "(?:net/http: (?:TLS handshake timeout|request canceled while waiting)|context deadline exceeded)",
        ),
        next_step="where it lasts: journalctl -u k3s -e; kubectl -n kube-system get pods -o wide; ip route",
    ),
    # plugin/errors; coredns#5778
    Cause(
        id="dns-upstream-silent",
        means="the name server that CoreDNS asks for names outside the cluster does not answer: {said}",
        gravity=Gravity.PASSES,
        signs=log(
            r"plugin/errors: .*->\S+:(?:53|853): (?:i/o timeout|read: |connect: )",
            r"plugin/errors: .*: dial (?:udp|tcp) \S+:(?:53|853): (?:i/o timeout|connect: )",
            "plugin/errors: .*: no healthy proxies$",
        ),
        next_step="cat /etc/resolv.conf on the node; resolvectl status",
    ),
    Cause(
        id="dns-port-taken",
        means="another process has the port by which it is to be asked for names",
        gravity=Gravity.PERSON,
        signs=log(r"listen (?:udp|tcp) \S*:53: bind: "),
        next_step="ss -lnup 'sport = :53' shows which",
    ),
)

HARMLESS: tuple[Harmless, ...] = (
    Harmless(Sign(Source.LOG, "plugin/ready: Still waiting on"), "CoreDNS says so for seconds of each start"),
    Harmless(Sign(Source.LOG, "No files matching import glob pattern"), "k3s' Corefile imports what need not be there"),
    Harmless(Sign(Source.LOG, "plugin/kubernetes: waiting for Kubernetes API"), "at each start"),
)
