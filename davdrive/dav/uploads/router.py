"""From method and place to what a request does with a chunked upload."""

from collections.abc import Callable, Mapping

from davdrive.dav.failures import failure
from davdrive.dav.methods.options import options
from davdrive.dav.request import Request
from davdrive.dav.response import Response
from davdrive.dav.uploads.chunks import delete_chunk, put_chunk
from davdrive.dav.uploads.finish import finish
from davdrive.dav.uploads.folders import delete_folder, list_folder, make_folder
from davdrive.dav.uploads.place import UploadPlace
from davdrive.errors import DriveError, NotAllowedHere

Method = Callable[[Request, UploadPlace], Response]

_ALL: Mapping[str, Method] = {"PROPFIND": list_folder}
_FOLDER: Mapping[str, Method] = {"MKCOL": make_folder, "DELETE": delete_folder, "PROPFIND": list_folder}
_MEMBER: Mapping[str, Method] = {"PUT": put_chunk, "DELETE": delete_chunk, "MOVE": finish}


def answer_upload(request: Request, place: UploadPlace) -> Response:
    """Do what the request asks; every error becomes an answer. Bytes of chunks are never given out: 405."""
    if request.method == "OPTIONS":
        return options(request)
    try:
        method = _methods(place).get(request.method)
        if method is None:
            raise NotAllowedHere(f"{request.method[:32]} is not for uploads; they take chunks and become files")
        return method(request, place)
    except DriveError as error:
        return failure(request, error)


def _methods(place: UploadPlace) -> Mapping[str, Method]:
    if place.upload is None:
        return _ALL
    return _FOLDER if place.member is None else _MEMBER
