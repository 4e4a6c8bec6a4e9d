"""Readiness probes as the kubelet makes them: a TCP connect, or an HTTP GET that must answer 200 to 399."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from bootheal.demo.objects.kinds import Object


async def probe_trouble(probe: Object, address: str) -> str:
    """Ask once; what was wrong, in the kubelet's words, or nothing."""
    target = probe.get("httpGet") or probe["tcpSocket"]
    try:
        async with asyncio.timeout(probe["timeoutSeconds"]):
            if "httpGet" in probe:
                return await _http(address, target["port"], target["path"])
            _, writer = await asyncio.open_connection(address, target["port"])
            writer.close()
    except TimeoutError:
        return "context deadline exceeded"
    except OSError:
        return f"dial tcp {address}:{target['port']}: connect: connection refused"
    return ""


async def _http(address: str, port: int, path: str) -> str:
    reader, writer = await asyncio.open_connection(address, port)
    try:
        writer.write(f"GET {path} HTTP/1.0\r\nHost: {address}:{port}\r\nUser-Agent: kube-probe/1.33\r\n\r\n".encode())
        words = (await reader.readline()).split()
    finally:
        writer.close()
    status = int(words[1]) if len(words) > 1 and words[1].isdigit() else 0
    return "" if HTTPStatus.OK <= status < HTTPStatus.BAD_REQUEST else f"HTTP probe failed with statuscode: {status}"
