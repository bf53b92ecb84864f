"""The answers that faults give instead of the right one."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator

from garagehub.sandbox.faults import Fault
from garagehub.sandbox.messages import Response
from garagehub.sandbox.moth import moth_error
from garagehub.sandbox.refusals import refuse

_BLOCK = b"\n" * 1024**2


def answer_instead(fault: Fault, *, path: str, tls_url: str) -> Response:
    """What the client gets while this fault stands in place of the answer. May wait (`hang` does), may raise."""
    match fault.kind.name:
        case "redirect_private":
            return Response(302, {"Location": str(fault.options["location"])})
        case "invalid_tls":
            # 307 keeps a POST a POST.
            return Response(307, {"Location": tls_url + path})
        case "gzip_bomb":
            headers = {"Content-Type": "application/x-ndjson", "Content-Encoding": "gzip"}
            return Response(200, headers, chunks=gzip_bomb(int(fault.options["bytes"])))
        case "refuse" | "hang" as name:
            if name == "hang":
                fault.cleared.wait(float(fault.options["seconds"]))
            return Response(is_reset=True)
    raise (_DVSA_ERRORS if path.startswith("/dvsa") else _ERRORS)[fault.kind.name](fault)


def gzip_bomb(size: int) -> Iterator[bytes]:
    """One gzip member of at least `size` line feeds, about a thousandth of that long.

    After a full flush the compressor has forgotten what went before, so one compressed block can be sent again and
    again. (Many members would not do: some clients read only the first.)
    """
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    block = packer.compress(_BLOCK) + packer.flush(zlib.Z_FULL_FLUSH)
    count = -(-size // len(_BLOCK))
    yield b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"
    checksum = 0
    for _ in range(count):
        checksum = zlib.crc32(_BLOCK, checksum)
        yield block
    yield packer.flush(zlib.Z_FINISH)
    yield checksum.to_bytes(4, "little") + (count * len(_BLOCK) % 2**32).to_bytes(4, "little")


def _retry_after(fault: Fault) -> dict[str, str]:
    return {"Retry-After": str(fault.options["retry_after"])}


_Raising = Callable[[Fault], Exception]
_ERRORS: dict[str, _Raising] = {
    "status_500": lambda _: refuse(500, "internal_error", "Something went wrong."),
    "status_429": lambda fault: refuse(429, "too_many_requests", "Too many requests.", headers=_retry_after(fault)),
    "status_403": lambda _: refuse(403, "rate_limit_exceeded", "The account is over its rate limit."),
    "hook_gone": lambda _: refuse(410, "gone", "Nobody wants these messages any more."),
    "cursor_refused": lambda _: refuse(410, "cursor_refused", "The cursor is no longer known."),
}
_DVSA_ERRORS: dict[str, _Raising] = {
    **_ERRORS,
    "status_500": lambda _: moth_error("MOTH-UN-01"),
    "status_429": lambda fault: moth_error("MOTH-RL-02", headers=_retry_after(fault)),
    "moth_error": lambda fault: moth_error(str(fault.options["code"])),
}
