"""The operations that are measured. Each does the whole thing: over HTTP where a person waits, through the actions else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone

from casebook.forms import CrfForm
from demo.builder import Facts, fill
from responses.classification import classify
from responses.course import dossiers


class Bench:
    """The small trial of the tests with Clara, Ines and Milo signed in."""

    def __init__(self, universe: Any, client: Callable[[], Any]) -> None:
        self.universe = universe
        self.clara, self.milo = self._signed_in(client, universe.clara), self._signed_in(client, universe.milo)
        self.count = universe.record(universe.responder, "blood-count", "D3")
        self.grid = universe.record(universe.responder, "bleeding-assessment", "LOAD")
        self.platelets = 60

    @staticmethod
    def _signed_in(client: Callable[[], Any], user: Any) -> Any:
        signed_in = client()
        signed_in.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return signed_in

    def empty_page(self) -> None:
        assert self.clara.get(reverse("account")).status_code == 200

    def operations(self) -> dict[str, Callable[[], Any]]:
        child = self.universe.responder.pk
        return {
            "save one form (blood count, HTTP)": self.save,
            "render one form (blood count)": lambda: self._get(reverse("record", args=[self.count.pk])),
            "render the largest form (ITP-BAT)": lambda: self._get(reverse("record", args=[self.grid.pk])),
            "participant page (dashboard with values)": lambda: self._get(reverse("participant", args=[child])),
            "visits and forms of a participant": lambda: self._get(reverse("visits", args=[child])),
            "work list": lambda: self._get(reverse("work-list")),
            "participants": lambda: self._get(reverse("participants")),
            "enrol one child (screen, consent, enrol)": self.enrol,
            "classify one participant (with its query)": self.classify,
            "CSV of one form": self.export,
            "CSV casebook of a participant": self.casebook,
        }

    def _get(self, url: str) -> None:
        assert self.clara.get(url).status_code == 200

    def save(self) -> None:
        """A correction of a stored count, as the page posts it."""
        self.count.refresh_from_db()
        form = CrfForm(self.count.crf())
        self.platelets = 61 if self.platelets == 60 else 60
        data = {f.name: f.typed for f in form.main.fields.values()} | {"platelets": str(self.platelets)}
        data |= {"record-version": str(self.count.version), "change-reason": "typing"}
        answer = self.clara.post(reverse("record", args=[self.count.pk]), data)
        assert answer.status_code == 302, answer.content

    def save_in_process(self) -> None:
        """The same correction by the action alone."""
        self.count.refresh_from_db()
        self.platelets = 61 if self.platelets == 60 else 60
        fill(self.count, self.universe.clara, platelets=str(self.platelets))

    def enrol(self) -> None:
        # Not today: shortly after midnight the morning's consent would still lie in the future.
        yesterday = timezone.localdate() - timedelta(days=1)
        self.universe.clinic("01").admit(yesterday, Facts(age=5), enrolled=yesterday)

    def classify(self) -> None:
        [dossier] = dossiers([self.universe.responder], timezone.localdate())
        assert classify(dossier.course).best_response == "R"

    def export(self) -> None:
        assert b"platelets" in self._file("form-csv", "blood-count")

    def casebook(self) -> None:
        assert b"platelets" in self._file("casebook-csv", self.universe.responder.pk)

    def _file(self, name: str, key: Any) -> bytes:
        return bytes(self.milo.get(reverse(name, args=[key]) + "?purpose=analysis").content)
