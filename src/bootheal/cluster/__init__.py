"""Pure rules on the objects of a cluster: what they mean, and whether they are of this boot.

`rollout` gives the answers of `kubectl rollout status`; `freshness` is the one place that says what is of this boot;
`dead_pods` which pods the reboot killed; `webhooks` who refuses new objects; `delete_pod` the one action that more
than one room needs; `log_excerpt` the lines of a log that say why a program ended.
"""
