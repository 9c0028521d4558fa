"""The demo's diaries: what somebody wrote down for a day, beside the requests handled on it."""

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert, select
from sqlalchemy.orm import Session, aliased

from staffhub import clock, notify, office
from staffhub.demo.people import Person
from staffhub.demo.requests import Done, Handled
from staffhub.models import (
    Account,
    DailyReport,
    LogAct,
    LogDelegate,
    LogEntry,
    LogState,
    LogTemplate,
    NoticeKind,
    Officer,
    Posting,
    ReportStep,
    posting_on,
)

# Text, unit ("" for none).
_WORK: dict[str, tuple[tuple[str, str], ...]] = {
    "": (("Menelaah dan menandatangani dokumen", "dokumen"), ("Rapat dengan pemerintah kabupaten", "")),
    "population_registration": (
        ("Memeriksa berkas KK dari WhatsApp", "berkas"),
        ("Mencetak KTP-el", "keping"),
        ("Melayani loket pendaftaran", "orang"),
        ("Menjawab pertanyaan warga lewat WhatsApp", "pesan"),
        ("Memutakhirkan biodata di SIAK", "data"),
    ),
    "civil_registration": (
        ("Memeriksa berkas akta kelahiran", "berkas"),
        ("Mencetak kutipan akta", "lembar"),
        ("Melayani loket pencatatan sipil", "orang"),
        ("Menata arsip register akta", "berkas"),
    ),
    "information_management": (
        ("Memantau jaringan dan server SIAK", ""),
        ("Membersihkan data ganda", "data"),
        ("Menyiapkan data agregat", "tabel"),
        ("Memperbaiki perangkat perekaman", "unit"),
    ),
    "data_use_innovation": (
        ("Menyusun naskah kerja sama data", "naskah"),
        ("Memverifikasi permintaan data instansi", "permintaan"),
        ("Menyiapkan bahan inovasi layanan", "bahan"),
    ),
    "secretariat": (
        ("Mengagendakan surat masuk dan keluar", "surat"),
        ("Menyusun laporan keuangan", "laporan"),
        ("Merekap kehadiran pegawai", ""),
        ("Menyiapkan perlengkapan kantor", ""),
    ),
}
# What is said to be for many requests of a service.
_SERVICES = {
    "Memeriksa berkas KK dari WhatsApp": "family_card",
    "Mencetak KTP-el": "ektp_reprint",
    "Memutakhirkan biodata di SIAK": "biodata",
    "Memeriksa berkas akta kelahiran": "birth_certificate",
    "Memverifikasi permintaan data instansi": "data_cooperation",
}
_STARTS = (time(7, 45), time(9, 30), time(11, 0), time(13, 0), time(14, 30))
_QUARTER = 15
_NO_REQUEST = {"service_request_id": None, "service_type_id": None, "source": ""}
# So many of the last dates are not verified yet.
_WAITING = 2
# A log of pegawai01 came back, one of a colleague was sent on the morning after, and their head will be away next week.
_RETURNED, _LATE, _AWAY, _STANDS_IN = "Greis Tumiwa", "Fandy Mamesah", "Deisy Kaunang", "Ratna Mokodompit"
_VERIFIED_AFTER = timedelta(hours=15)
_OFTEN = 2  # templates of each person
_REMARK = "Tuliskan jumlah berkas per jenis layanan, lalu kirim lagi."


def _by_service(done: Iterable[Done]) -> list[list[Done]]:
    """Many of one service are one line, as the app proposes it."""
    found: dict[int, list[Done]] = defaultdict(list)
    for one in dict.fromkeys(done):  # checked and signed on one day, it is one
        found[one.service_id].append(one)
    return list(found.values())


def _told(done: Sequence[Done]) -> dict[str, Any]:
    first, alone = done[0], len(done) == 1
    return {
        "text": f"{first.service}, {first.applicant}" if alone else f"Memeriksa {len(done)} permohonan {first.service}",
        "unit": "berkas",
        "quantity": len(done),
        "service_request_id": first.request_id if alone else None,
        "service_type_id": first.service_id,
        "source": "" if alone else f"requests-{first.service_id}-0",
    }


@dataclass
class Diary:
    office_id: int
    zone: ZoneInfo
    now: datetime
    rng: random.Random
    handled: Handled
    entries: list[dict[str, Any]] = field(default_factory=list)
    reports: list[dict[str, Any]] = field(default_factory=list)
    officers: dict[str, int] = field(default_factory=dict)

    def day(self, person: Person, day: date, came: datetime, left: datetime, *, submitted: bool) -> None:
        """Write the lines that fit between coming and leaving, those of requests first; then perhaps submit."""
        self.officers[person.name] = person.id
        came, left = came.astimezone(self.zone), left.astimezone(self.zone)
        requests = _by_service(self.handled.get((person.id, day), ()))
        total = 0
        for begins in _STARTS:
            length = self.rng.randrange(3, 7) * _QUARTER
            start = datetime.combine(day, begins, tzinfo=self.zone)
            end = start + timedelta(minutes=length)
            skipped = self.rng.random() < 0.15
            if skipped or start < came or end > left:
                continue
            if requests:
                line = _told(requests.pop(0))
            else:
                text, unit = self.rng.choice(_WORK[person.division])
                line = {"text": text, "unit": unit, "quantity": self.rng.randint(1, 14) if unit else None}
            self._entry(person, day, (start, end), line)
            total += length
        if submitted and total:
            at = min(left + timedelta(minutes=self.rng.randint(1, 20)), self.now)
            self.reports.append(
                {
                    "office_id": self.office_id,
                    "officer_id": person.id,
                    "date": day,
                    "minutes": total,
                    "submitted_at": at,
                }
            )

    def _entry(
        self,
        person: Person,
        day: date,
        span: tuple[datetime, datetime],
        line: dict[str, Any],
    ) -> None:
        self.entries.append(
            _NO_REQUEST
            | line
            | {
                "office_id": self.office_id,
                "officer_id": person.id,
                "date": day,
                "starts": span[0].time(),
                "ends": span[1].time(),
                "version": 1,
                "created_at": span[1],
                "updated_at": span[1],
                "idempotency_key": f"{self.rng.getrandbits(128):032x}",
            }
        )

    def write(self, db: Session) -> None:
        services = {one.code: one.id for one in office.services(db, self.office_id).values()}
        of_text = {text: services[code] for text, code in _SERVICES.items()}
        for entry in self.entries:
            entry["service_type_id"] = of_text.get(entry["text"], entry["service_type_id"])
        db.execute(insert(LogEntry), self.entries)
        templates = [one | {"service_type_id": of_text.get(one["text"])} for one in self._templates()]
        db.execute(insert(LogTemplate), templates)
        if late := self._newest(_LATE):
            late["submitted_at"] = min(
                clock.at_local(late["date"] + timedelta(days=1), time(8, 5), self.zone), self.now
            )
        for report in self.reports:
            report["late"] = clock.local_day(report["submitted_at"], self.zone) > report["date"]
        db.execute(insert(DailyReport), self.reports)
        self._steps(db)
        self._stand_in(db)

    def _newest(self, name: str) -> dict[str, Any] | None:
        """Return the last log of somebody that was sent on a day before today."""
        today = clock.local_day(self.now, self.zone)
        own = [one for one in self.reports if one["officer_id"] == self.officers.get(name) and one["date"] < today]
        return max(own, key=lambda one: one["date"], default=None)

    def _templates(self) -> list[dict[str, Any]]:
        """Keep what each person writes most often."""
        written = Counter((one["officer_id"], one["text"], one["unit"]) for one in self.entries)
        kept: dict[int, list[dict[str, Any]]] = defaultdict(list)
        for (officer_id, text, unit), _times in written.most_common():
            if len(kept[officer_id]) < _OFTEN and text not in {one["text"] for one in kept[officer_id]}:
                facts = {"office_id": self.office_id, "officer_id": officer_id, "text": text, "unit": unit}
                kept[officer_id].append(facts | {"minutes": 4 * _QUARTER, "created_at": self.now})
        return [one for own in kept.values() for one in own]

    def _stand_in(self, db: Session) -> None:
        first = clock.local_day(self.now, self.zone) + timedelta(days=7)
        facts = {"office_id": self.office_id, "created_at": self.now, "idempotency_key": "demo-stand-in"}
        people = {"superior_id": self.officers[_AWAY], "officer_id": self.officers[_STANDS_IN]}
        days = {"valid_from": first, "valid_to": first + timedelta(days=4)}
        db.execute(insert(LogDelegate), [facts | people | days])

    def _steps(self, db: Session) -> None:
        """Logs are verified on the next morning; those of the last days wait, and one came back with a remark."""
        account, above = aliased(Account), aliased(Account)
        sent = db.execute(
            select(DailyReport, Posting.superior_id, account.id, above.id)
            .join(Officer, Officer.id == DailyReport.officer_id)
            .join(Posting, posting_on(DailyReport.date))
            .join(account, account.officer_id == DailyReport.officer_id)
            .outerjoin(above, above.officer_id == Posting.superior_id)
            .where(DailyReport.office_id == self.office_id)
            .order_by(DailyReport.date, DailyReport.id)
        ).all()
        dates = sorted({row.DailyReport.date for row in sent})
        open_days, returned = dates[-_WAITING:], self._newest(_RETURNED)
        steps: list[dict[str, Any]] = []
        for report, superior_id, author, verifier in sent:
            steps.append(self._step(report, LogAct.SUBMITTED, author, report.submitted_at))
            at = report.submitted_at + _VERIFIED_AFTER
            if superior_id is None or verifier is None or at > self.now:
                continue
            if returned and (report.officer_id, report.date) == (returned["officer_id"], returned["date"]):
                report.state, report.version = LogState.RETURNED, 2
                steps.append(self._step(report, LogAct.RETURNED, verifier, at, note=_REMARK))
                self._tell(db, report, by=verifier, at=at)
            elif report.date not in open_days:
                report.state, report.version = LogState.VERIFIED, 2
                report.verified_by, report.verified_at = superior_id, at
                steps.append(self._step(report, LogAct.VERIFIED, verifier, at))
        db.flush()
        db.execute(insert(ReportStep), steps)

    def _tell(self, db: Session, report: DailyReport, *, by: int, at: datetime) -> None:
        notify.tell(
            db,
            office_id=self.office_id,
            officers=[report.officer_id],
            by=by,
            kind=NoticeKind.LOG_RETURNED,
            params={"day": report.date, "what": LogAct.RETURNED.value},
            address=f"/worklog?date={report.date}",
            key=f"log:{report.id}:2",
            now=at,
            subject=notify.Subject("daily_report", report.id),
        )

    def _step(self, report: DailyReport, act: LogAct, by: int, at: datetime, *, note: str = "") -> dict[str, Any]:
        return {
            "office_id": self.office_id,
            "report_id": report.id,
            "turn": 1 if act is LogAct.SUBMITTED else 2,
            "act": act,
            "note": note,
            "minutes": report.minutes,
            "created_by": by,
            "created_at": at,
            "idempotency_key": f"demo-{act}-{report.id}",
        }
