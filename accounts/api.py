"""The API's tokens with a limit: bad ones from one address are soon answered with 429 (W6)."""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import AuthenticationFailed, Throttled
from rest_framework.request import Request

from accounts import throttle
from itp_trial import access_log
from itp_trial.api import TokenAuthentication
from itp_trial.models import ApiToken
from itp_trial.refusal import TooOften


class LimitedTokenAuthentication(TokenAuthentication):
    """Good tokens cost nothing more; a bad one is counted against the address that sent it, and noted."""

    def authenticate(self, request: Request) -> tuple[Any, ApiToken] | None:
        try:
            return super().authenticate(request)
        except AuthenticationFailed:
            plain = request._request
            try:
                throttle.count(throttle.OF_TOKENS, throttle.network_of(plain))
            except TooOften as refusal:
                raise Throttled(refusal.seconds, str(refusal)) from refusal
            access_log.note(access_log.Kind.SIGN_IN_FAILED, request=plain, what="API token refused")
            raise
