"""The stored answers of many forms at once: a page of ten forms asks the database once, not ten times."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection

from casebook.crf import Crf
from casebook.models import FormRecord


def stored_forms(records: Iterable[FormRecord]) -> dict[UUID, Crf]:
    """The form of every record that was saved, by the key of its record. One query, whatever the forms are."""
    saved = {record.pk: record for record in records if record.version}
    keys: dict[type[Crf], list[UUID]] = defaultdict(list)
    for record in saved.values():
        keys[record.crf_class].append(record.pk)
    if not keys:
        return {}
    one = "SELECT record_id, to_jsonb(t)::text FROM {} t WHERE record_id = ANY(%s::uuid[])"
    sql = " UNION ALL ".join(one.format(connection.ops.quote_name(model._meta.db_table)) for model in keys)
    with connection.cursor() as cursor:
        cursor.execute(sql, [[str(key) for key in found] for found in keys.values()])
        rows = cursor.fetchall()
    return {key: _form_of(saved[key], json.loads(text, parse_float=Decimal)) for key, text in rows}


def _form_of(record: FormRecord, row: dict[str, Any]) -> Crf:
    model = record.crf_class
    fields = model._meta.concrete_fields
    values = [field.to_python(row[field.column]) for field in fields]
    crf: Crf = model.from_db(connection.alias, [field.attname for field in fields], values)
    crf.record = record
    return crf
