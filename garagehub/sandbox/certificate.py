"""A self-signed certificate made on the spot, for the listener whose certificate nobody should trust.

The standard library can use certificates but not make them, so the few structures are written here: a P-256 key,
ECDSA with SHA-256 (FIPS 186-5) and the DER of X.509 v3 (RFC 5280). Never for real use: nothing here is constant-time.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import textwrap
from datetime import UTC, datetime, timedelta

# The curve P-256 (NIST SP 800-186 §3.2.1.3): its field, order and generator; a = -3.
_FIELD = 2**256 - 2**224 + 2**192 + 2**96 - 1
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_GENERATOR = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
_Point = tuple[int, int]

_EC_PUBLIC_KEY = "2a8648ce3d0201"
_P256 = "2a8648ce3d030107"
_ECDSA_SHA256 = "2a8648ce3d040302"
_COMMON_NAME = "550403"
_SEQUENCE, _SET, _INTEGER, _BITS, _OCTETS, _OBJECT, _TEXT, _TIME = 0x30, 0x31, 0x02, 0x03, 0x04, 0x06, 0x0C, 0x17
_LONG = 0x80  # marks a length that does not fit seven bits


def make_certificate(*, common_name: str, at: datetime) -> str:
    """A new key and a certificate for it signed by itself, as one PEM text, valid from a day ago for a year."""
    key = secrets.randbelow(_ORDER - 1) + 1
    point = _multiplied(key, _GENERATOR)
    public = b"\x00\x04" + point[0].to_bytes(32) + point[1].to_bytes(32)
    algorithm = _der(_SEQUENCE, _object(_ECDSA_SHA256))
    name = _der(_SEQUENCE, _der(_SET, _der(_SEQUENCE, _object(_COMMON_NAME) + _der(_TEXT, common_name.encode()))))
    key_info = _der(_SEQUENCE, _der(_SEQUENCE, _object(_EC_PUBLIC_KEY) + _object(_P256)) + _der(_BITS, public))
    validity = _der(_SEQUENCE, _time(at - timedelta(days=1)) + _time(at + timedelta(days=365)))
    version = _der(0xA0, _integer(2))
    content = _der(_SEQUENCE, version + _integer(secrets.randbits(63)) + algorithm + name + validity + name + key_info)
    certificate = _der(_SEQUENCE, content + algorithm + _der(_BITS, b"\x00" + _signature(content, key=key)))
    private = _der(
        _SEQUENCE,
        _integer(1) + _der(_OCTETS, key.to_bytes(32)) + _der(0xA0, _object(_P256)) + _der(0xA1, _der(_BITS, public)),
    )
    return _pem("EC PRIVATE KEY", private) + _pem("CERTIFICATE", certificate)


def _signature(message: bytes, *, key: int) -> bytes:
    digest = int.from_bytes(hashlib.sha256(message).digest())
    nonce = secrets.randbelow(_ORDER - 1) + 1
    r = _multiplied(nonce, _GENERATOR)[0] % _ORDER
    s = pow(nonce, -1, _ORDER) * (digest + r * key) % _ORDER
    return _der(_SEQUENCE, _integer(r) + _integer(s))


def _multiplied(factor: int, point: _Point) -> _Point:
    total: _Point | None = None
    while factor:
        if factor & 1:
            total = point if total is None else _sum(total, point)
        point = _sum(point, point)
        factor >>= 1
    assert total is not None, "the factor is at least 1"
    return total


def _sum(one: _Point, other: _Point) -> _Point:
    if one == other:
        slope = (3 * one[0] * one[0] - 3) * pow(2 * one[1], -1, _FIELD)
    else:
        slope = (other[1] - one[1]) * pow(other[0] - one[0], -1, _FIELD)
    x = (slope * slope - one[0] - other[0]) % _FIELD
    return x, (slope * (one[0] - x) - one[1]) % _FIELD


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < _LONG:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes((tag, _LONG | len(length))) + length + content


def _integer(value: int) -> bytes:
    return _der(_INTEGER, value.to_bytes(value.bit_length() // 8 + 1))


def _object(identifier: str) -> bytes:
    return _der(_OBJECT, bytes.fromhex(identifier))


def _time(at: datetime) -> bytes:
    return _der(_TIME, at.astimezone(UTC).strftime("%y%m%d%H%M%SZ").encode())


def _pem(label: str, content: bytes) -> str:
    lines = "\n".join(textwrap.wrap(base64.b64encode(content).decode(), 64))
    return f"-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n"
