"""The API of a dealer's own stock: `stock/preview` and `stock`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from dealers.models import ApiKey, Dealer, Scope
from garagehub.lib.api import BodyParser, ScopedThrottle, Text, problems
from garagehub.lib.errors import DomainError
from garagehub.lib.uploads import is_too_large
from parts import pipeline
from parts.feeds import uploading
from parts.feeds.models import FeedRun
from parts.feeds.preview import COLUMNS
from parts.stock.models import Availability

_PIECE = 262_144
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class FileBody(BaseParser):
    """A body that is the file itself, handed on as it comes."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        return {"file": _pieces(stream)}


class CsvBody(FileBody):
    """`text/csv`."""

    media_type = "text/csv"


class XlsxBody(FileBody):
    """An Excel workbook."""

    media_type = _XLSX


def _pieces(stream: Any) -> Iterator[bytes]:
    while piece := stream.read(_PIECE):
        yield piece


class StockFile(serializers.Serializer[dict[str, Any]]):
    """A CSV or Excel file of what lies on the dealer's shelf: the whole of it, since what is left out is taken as gone."""

    file = serializers.FileField(help_text="At most 20 MiB. Columns are found by their names: part number, quantity…")
    brand = Text(max_length=64, required=False, help_text="The brand of rows that name none.")


class StockConfirmation(serializers.Serializer[dict[str, Any]]):
    """A file that was looked at before."""

    id = serializers.UUIDField(help_text="As `stock/preview`, or a run that was held, gave it.")


class StockRun(serializers.Serializer[FeedRun]):
    """What became of a file. `held`: it waits to be confirmed; `unchanged`: it says what was known."""

    id = serializers.UUIDField(source="public_id")
    state = serializers.ChoiceField(choices=FeedRun.State.choices)
    reason = serializers.CharField()
    records = serializers.IntegerField(help_text="Rows that came, good or not.")
    rows = serializers.IntegerField(help_text="Rows that could be read.")
    refused = serializers.IntegerField(source="rejected")
    refused_by_reason = serializers.DictField(source="rejected_by_reason", child=serializers.IntegerField())
    duplicates = serializers.IntegerField()
    added = serializers.IntegerField(source="inserted")
    changed = serializers.IntegerField(source="updated")
    removed = serializers.IntegerField()


class RefusedRow(serializers.Serializer[Any]):
    """A row that was refused: each bad cell with its column."""

    line = serializers.IntegerField()
    code = serializers.CharField()
    reason = serializers.CharField()
    raw = serializers.CharField()


class ReadRow(serializers.Serializer[Any]):
    """A row as it was read. `null`: the file does not say."""

    line = serializers.IntegerField()
    part_number = serializers.CharField()
    brand = serializers.CharField(allow_null=True)
    quantity = serializers.IntegerField(allow_null=True)
    availability = serializers.ChoiceField(choices=Availability.choices, allow_null=True)
    price_pence = serializers.IntegerField(allow_null=True)
    currency = serializers.CharField(allow_null=True)
    lead_time_days = serializers.IntegerField(allow_null=True)
    expected_on = serializers.DateField(allow_null=True)
    grade = serializers.CharField(allow_null=True)


class StockPreviewAnswer(serializers.Serializer[Any]):
    """What a file holds and would change if it were confirmed now."""

    id = serializers.UUIDField(help_text="Send it to `stock` to confirm.")
    records = serializers.IntegerField()
    rows = serializers.IntegerField()
    refused = serializers.IntegerField()
    refused_by_reason = serializers.DictField(child=serializers.IntegerField())
    duplicates = serializers.IntegerField()
    would_add = serializers.IntegerField()
    would_change = serializers.IntegerField()
    would_remove = serializers.IntegerField()
    first_rows = ReadRow(many=True)
    refused_rows = RefusedRow(many=True, help_text="The first 250.")


_BRAND = OpenApiParameter("brand", str, description="The brand of rows that name none, where the body is the file.")
_BODIES: Any = {
    "multipart/form-data": StockFile,
    "text/csv": {"type": "string"},
    _XLSX: {"type": "string", "format": "binary"},
}


class StockPreview(APIView):
    """What would this file change?"""

    throttle_classes = (ScopedThrottle,)
    throttle_scope = "garage"
    required_scope = Scope.STOCK
    parser_classes = (MultiPartParser, CsvBody, XlsxBody)

    @extend_schema(
        tags=["Own stock"],
        operation_id="stock_preview",
        summary="Look at a file of your own stock before it counts",
        parameters=[_BRAND],
        request=_BODIES,
        responses={200: StockPreviewAnswer, **problems(400, 401, 403, 415, 429)},
    )
    def post(self, request: Request) -> Response:
        found = uploading.prepare(_dealer(request), _upload(request), by=_caller(request), at=timezone.now())
        return Response(StockPreviewAnswer(_preview(found)).data)


class StockUpload(APIView):
    """This is what lies on our shelf."""

    throttle_classes = (ScopedThrottle,)
    throttle_scope = "garage"
    required_scope = Scope.STOCK
    parser_classes = (MultiPartParser, CsvBody, XlsxBody, BodyParser)

    @extend_schema(
        tags=["Own stock"],
        operation_id="stock_upload",
        summary="Send your own stock, or confirm a file you looked at",
        description=(
            "A file replaces what the dealer's shelf held before. Rows that cannot be read are left out and counted. A file "
            "without a readable row, or with far fewer rows than usual, is answered `202` with the state `held`: nothing "
            "has changed; send its `id` to take it in after all."
        ),
        parameters=[_BRAND],
        request=_BODIES | {"application/json": StockConfirmation},
        responses={200: StockRun, 202: StockRun, **problems(400, 401, 403, 404, 415, 429)},
    )
    def post(self, request: Request) -> Response:
        dealer, by, at = _dealer(request), _caller(request), timezone.now()
        if (request.content_type or "").startswith("application/json"):
            data = StockConfirmation(data=request.data)
            data.is_valid(raise_exception=True)
            run = pipeline.confirm_stock(dealer, data.validated_data["id"], by=by, at=at)
        else:
            run = pipeline.take_in_stock(dealer, _upload(request), by=by, at=at)
        return Response(StockRun(run).data, status=202 if run.state == FeedRun.State.HELD else 200)


def _dealer(request: Request) -> Dealer:
    """The dealer of the key, or where the person works; the default permission let nobody else in."""
    if isinstance(request.auth, ApiKey):
        return request.auth.dealer
    dealer = Dealer.objects.of(request.user).first()
    if dealer is None:
        raise NotFound
    return dealer


def _caller(request: Request) -> str:
    if isinstance(request.auth, ApiKey):
        return f"the API key “{request.auth.name}”"
    return str(request.user.get_username())


def _upload(request: Request) -> uploading.Upload:
    """The file of a form, or the body itself."""
    sent = cast("Mapping[str, Any]", request.data)  # none of these parsers makes a list
    file = sent.get("file")
    if is_too_large(request):
        raise uploading.too_large()
    if file is None or isinstance(file, str):
        message = "Send the file as “file” in a form, or as the body with the type text/csv."
        raise DomainError(message, code="stock_file_missing", fields={"file": [message]})
    if not hasattr(file, "chunks"):
        pieces: Iterable[bytes] = file
        return uploading.Upload("body", pieces, brand=request.query_params.get("brand", "")[:64])
    brand = sent.get("brand") or request.query_params.get("brand") or ""
    return uploading.Upload(file.name or "file", file.chunks(_PIECE), brand=str(brand)[:64])


def _preview(found: uploading.Preview) -> dict[str, Any]:
    staged, outcome = found.outcome.staged, found.outcome
    names = [name.replace(", ", "_").replace(" ", "_") for name in COLUMNS]
    return {
        "id": found.run.public_id,
        "records": staged.records,
        "rows": staged.good,
        "refused": staged.rejected,
        "refused_by_reason": dict(staged.rejected_by_reason),
        "duplicates": outcome.duplicates,
        "would_add": outcome.inserted,
        "would_change": outcome.updated,
        "would_remove": outcome.removed,
        "first_rows": [{"line": line} | dict(zip(names, row, strict=True)) for line, row in found.rows],
        "refused_rows": [reject._asdict() for reject in found.rejects],
    }
