"""Digest answers judged against the database, with guessing slowed as for passwords."""

from davdrive.auth.accounts import Accounts
from davdrive.auth.credentials import DigestAnswer
from davdrive.auth.digest import Digest, HashedSecret, Verdict
from davdrive.auth.remember import Remembered
from davdrive.metadata.caller import Caller
from davdrive.metadata.users import User


class DigestAccounts:
    """Users that have a Digest secret: it is kept from the first password that is set while `auth.digest` is on.

    Every answer is judged; that costs two hashes of a few hundred bytes. A guess is counted before its verdict is
    told, but not each request of somebody who is in: who answered a nonce rightly is `remembered` with it.
    """

    def __init__(self, accounts: Accounts, digest: Digest, remembered: Remembered[Caller]) -> None:
        self._accounts = accounts
        self._digest = digest
        self._remembered = remembered

    def challenges(self, stale: bool = False) -> list[str]:
        """The values of WWW-Authenticate."""
        return self._digest.challenges(stale)

    def verify(self, answer: DigestAnswer, method: str, target: str, address: str) -> tuple[Verdict, Caller | None]:
        """The verdict, and the caller where it is ACCEPTED. Errors: TooManyRequests while guessing is slowed."""
        user = self._accounts.find(answer.user)
        verdict = self._digest.judge(answer, method, target, lambda _: _secret(user))
        if verdict is not Verdict.ACCEPTED or user is None:
            self._accounts.attempt(answer.user, address)
            if verdict is Verdict.STALE:
                self._accounts.succeeded(answer.user, address)
            return verdict, None

        def first_time() -> Caller:
            self._accounts.attempt(answer.user, address)
            self._accounts.succeeded(answer.user, address)
            return Caller(user.name, user.id)

        return verdict, self._remembered.check(answer.user, answer.nonce, user.digest_ha1 or "", first_time)


def _secret(user: User | None) -> HashedSecret | None:
    return HashedSecret.unpacked(user.digest_ha1) if user is not None and user.digest_ha1 else None
