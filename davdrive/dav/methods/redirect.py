"""A download that a client would rather fetch from the object store itself (RFC 9110 §15.4.8, RFC 7240).

The client asks by `Prefer: redirect`: those that do not would send their password along, or stop at a status that they
do not know. (Rclone: `--header-download "Prefer: redirect"`, curl: `-L -H "Prefer: redirect"`; both keep their password
from another host.) The answer is 307 with an address that holds for a short while. The client repeats its Range there.
"""

from davdrive.dav.headers.prefer import read_preferences
from davdrive.dav.media_types import may_run, media_type_of
from davdrive.dav.request import Request
from davdrive.dav.response import Response
from davdrive.drive.read import OpenFile, address_of
from davdrive.errors import DriveError

_OURS_TO_JUDGE = ("IF_MATCH", "IF_MODIFIED_SINCE", "IF_UNMODIFIED_SINCE", "IF_RANGE", "IF", "WANT_REPR_DIGEST")
"""The client would repeat these to the store too, which has ETags and times of its own."""


def elsewhere(request: Request, found: OpenFile, ranges: int) -> Response | None:
    """The redirect, or None where the bytes have to come from here. `ranges`: how many the client asked for.

    What a browser might run stays here, where it gets a content security policy.
    """
    if request.method != "GET" or ranges > 1 or not read_preferences(request.header("PREFER")).redirect:
        return None
    media_type = media_type_of(found.resource.media_type, found.resource.name)
    if may_run(media_type) or any(request.header(name) is not None for name in _OURS_TO_JUDGE):
        return None
    try:
        address = address_of(request.site.backend, found, media_type)
    except DriveError:
        return None  # the ordinary way tries again, and says what is wrong
    if address is None:
        return None
    headers = [
        ("Location", address),
        ("Preference-Applied", "redirect"),
        ("Vary", "Prefer"),
        ("Cache-Control", "no-store"),
        ("Referrer-Policy", "no-referrer"),
    ]
    return Response(307, headers)
