"""How often somebody may try, counted before any password is hashed (W6).

Two counters for each attempt: of the account, whoever tries and from wherever, and of the address, whatever account it
tries. An attempt that succeeds is given back, so only failures add up. The counters are rows of one table, raised by one
statement each: they hold for all worker processes and need no cache. Known and unknown names are counted alike.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.db import connection
from django.db.models import F
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import Attempts
from itp_trial import access_log
from itp_trial.models import User
from itp_trial.refusal import TooOften


@dataclass(frozen=True)
class Limit:
    """At most so many tries within so many seconds."""

    name: str
    tries: int
    seconds: int


#: Beside the lock-out of five failures for one account from one address: all addresses together.
OF_ACCOUNT = Limit("this account, from all addresses", 20, 15 * 60)
#: One address trying many accounts. A hospital may have one address for all its staff: successes do not count.
OF_ADDRESS = Limit("this address, at all accounts", 40, 5 * 60)
#: Passwords and codes at the moment of an act, by one person who is signed in, and from one address.
OF_CONFIRMER = Limit("confirming, this account", 20, 15 * 60)
OF_CONFIRMING_ADDRESS = Limit("confirming, this address", 40, 5 * 60)
#: Bad API tokens from one address.
OF_TOKENS = Limit("API tokens, this address", 30, 5 * 60)


def take(request: HttpRequest, username: str) -> None:
    """Counts an attempt to sign in to this account from this address. Raises ``TooOften``: then nothing is hashed."""
    for limit, who in _counted(request, username):
        tries, seconds = _raised(limit, who)
        if tries == limit.tries + 1:  # once in this window of time
            person = User.objects.filter(username=username).first()
            what = f"too many attempts: {limit.name}"
            access_log.note(access_log.Kind.LOCKED_OUT, request=request, user=person, user_name=username, what=what)
        if tries > limit.tries:
            raise _too_often(seconds)


def give_back(request: HttpRequest, username: str) -> None:
    """The attempt was right: it does not count."""
    keys = [_key(limit, who) for limit, who in _counted(request, username)]
    Attempts.objects.filter(key__in=keys, count__gt=0).update(count=F("count") - 1)


def count(limit: Limit, who: str) -> None:
    """Counts once more. Raises ``TooOften`` beyond the limit."""
    tries, seconds = _raised(limit, who)
    if tries > limit.tries:
        raise _too_often(seconds)


def _raised(limit: Limit, who: str) -> tuple[int, int]:
    """The counter after one more, and the seconds until it starts anew. One statement, so that none is lost."""
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO accounts_attempts AS a (key, count, until) VALUES (%(key)s, 1, %(until)s)
               ON CONFLICT (key) DO UPDATE SET count = CASE WHEN a.until <= %(now)s THEN 1 ELSE a.count + 1 END,
                   until = CASE WHEN a.until <= %(now)s THEN %(until)s ELSE a.until END
               RETURNING count, until""",
            {"key": _key(limit, who), "now": now, "until": now + timedelta(seconds=limit.seconds)},
        )
        tries, until = cursor.fetchone()
    return tries, int((until - now).total_seconds())


def check(limit: Limit, who: str) -> None:
    """Counts nothing. Raises ``TooOften`` where the limit was reached."""
    now = timezone.now()
    reached = Attempts.objects.filter(key=_key(limit, who), until__gt=now, count__gte=limit.tries).first()
    if reached:
        raise _too_often(int((reached.until - now).total_seconds()))


def _too_often(seconds: int) -> TooOften:
    minutes = max(1, -(-seconds // 60))
    return TooOften(f"Too many attempts. Please wait {minutes} minute{'s' if minutes > 1 else ''} and try again.", seconds)


def over(usernames: Iterable[str]) -> set[str]:
    """Those of these accounts that were tried too often, from everywhere together."""
    keys = {_key(OF_ACCOUNT, username): username for username in usernames}
    full = Attempts.objects.filter(key__in=keys, until__gt=timezone.now(), count__gt=OF_ACCOUNT.tries)
    return {keys[key] for key in full.values_list("key", flat=True)}


def forget(username: str) -> None:
    """The account may be tried again at once."""
    Attempts.objects.filter(key=_key(OF_ACCOUNT, username)).delete()


def network_of(request: HttpRequest) -> str:
    """The client's address; of an IPv6 client the network that belongs to one household or hospital."""
    raw = request.META.get("REMOTE_ADDR", "")
    try:
        address = ipaddress.ip_address(raw)
    except ValueError:
        return str(raw)
    return str(ipaddress.ip_network((address, 64), strict=False)) if address.version == 6 else str(address)


def _counted(request: HttpRequest, username: str) -> tuple[tuple[Limit, str], ...]:
    return (OF_ADDRESS, network_of(request)), (OF_ACCOUNT, username)


def _key(limit: Limit, who: str) -> str:
    return hashlib.sha256(f"{limit.name}\n{who}".encode("utf-8", "replace")).hexdigest()
