"""Remote write 1.0, by hand: the only way to put native histograms and stale markers of known value into a server.

Snappy-compressed protobuf, see prompb/remote.proto and prompb/types.proto of Prometheus.
"""

import struct
import urllib.request

STALE_NAN = struct.pack("<Q", 0x7FF0000000000002)  # Prometheus model/value/value.go
CUSTOM = -53  # the schema of native histograms with bounds of their own


def varint(number):
    encoded = b""
    while number > 0x7F:
        encoded += bytes([number & 0x7F | 0x80])
        number >>= 7
    return encoded + bytes([number])


def zigzag(number):
    return varint(number << 1 if number >= 0 else (-number << 1) - 1)


def whole(tag, number):
    return varint(tag << 3) + varint(number)


def double(tag, number):
    return varint(tag << 3 | 1) + (number if isinstance(number, bytes) else struct.pack("<d", number))


def message(tag, content):
    return varint(tag << 3 | 2) + varint(len(content)) + content


def series(labels, *points):
    pairs = sorted(labels.items())
    named = b"".join(message(1, message(1, n.encode()) + message(2, v.encode())) for n, v in pairs)
    return message(1, named + b"".join(points))


def sample(ms, value):
    return message(2, double(1, value) + whole(2, ms))


def histogram(ms, *, count, total, zeros=0, deltas=(), below=(), schema=0, first=0, bounds=()):
    """Bucket n holds (b^(n-1), b^n] with b = 2 ^ 2 ^ -schema; `deltas` from n = `first` upwards, without gaps.

    `below` are the deltas of the buckets on the other side of zero. With `bounds` bucket n ends at the nth of these.
    """
    body = whole(1, count) + double(3, total) + varint(4 << 3) + zigzag(CUSTOM if bounds else schema)
    body += b"" if bounds else double(5, 0.001) + whole(6, zeros)
    body += _buckets(8, below, first) + _buckets(11, deltas, first) + whole(15, ms)
    body += message(16, struct.pack(f"<{len(bounds)}d", *bounds)) if bounds else b""
    return message(4, body)


def _buckets(tag, deltas, first):
    if not deltas:
        return b""
    span = message(tag, varint(1 << 3) + zigzag(first) + whole(2, len(deltas)))
    return span + message(tag + 1, b"".join(map(zigzag, deltas)))


def remote_write(url, body):
    # Snappy's block format: the length, then the bytes as literals, here at most 2^16 of them.
    compressed = varint(len(body)) + bytes([61 << 2]) + struct.pack("<H", len(body) - 1) + body
    headers = {
        "Content-Encoding": "snappy",
        "Content-Type": "application/x-protobuf",
        "X-Prometheus-Remote-Write-Version": "0.1.0",
    }
    request = urllib.request.Request(f"{url}/api/v1/write", data=compressed, headers=headers)
    with urllib.request.urlopen(request, timeout=10) as response:
        assert response.status in {200, 204}
