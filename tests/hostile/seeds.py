"""One good value of each kind: where a fuzzer that is guided by coverage begins."""

from collections.abc import Mapping, Sequence

from tests.support.dav import lockinfo, update

SEEDS: Mapping[str, Sequence[bytes]] = {
    "head": [b"PUT /a%20b?c HTTP/1.1\nHost: h:80\nTransfer-Encoding: chunked\nIf: (<a:b>)\n"],
    "path": [b"/bob/a%20b/%C3%A4"],
    "upload path": [b"bob/up1/00001"],
    "chunk name": [b"000000000000000-000000000000009"],
    "Destination": [b"https://drive.example/dav/bob/x%20y", b"/remote.php/dav/files/bob/x"],
    "If": [b'<http://h/bob/f> (<urn:uuid:1> ["e"]) (Not <DAV:no-lock> [W/"w"])'],
    "conditions": [b'"a", W/"b", "c"', b"*"],
    "Host": [b"h:80, [::1]:8080"],
    "Range": [b"bytes=0-1, 5-, -7"],
    "Content-Range": [b"bytes 0-9/10"],
    "X-Update-Range": [b"bytes=3-12", b"append", b"bytes=-5"],
    "Depth": [b"infinity"],
    "Timeout": [b"Infinite, Second-4100000000"],
    "Lock-Token": [b"<urn:uuid:1>"],
    "Overwrite": [b"F"],
    "lengths": [b"9223372036854775807"],
    "Upload-Length": [b"9223372036854775807"],
    "X-OC-Mtime": [b"1700000000.25"],
    "dates": [b"Sun, 06 Nov 1994 08:49:37 GMT", b"Sunday, 06-Nov-94 08:49:37 GMT", b"Sun Nov  6 08:49:37 1994"],
    "Prefer": [b'return=minimal, depth-noroot; a="b"'],
    "Repr-Digest": [b"sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:, md5=:1B2M2Y8AsgTpgAmY7PhCfg==:"],
    "OC-Checksum": [b"SHA1:da39a3ee5e6b4b0d3255bfef95601890afd80709 MD5:d41d8cd98f00b204e9800998ecf8427e"],
    "Want-Repr-Digest": [b"sha-256=5, sha-512=1;q=1"],
    "Content-Type": [b'text/plain; charset="utf-8"'],
    "Authorization": [
        b"Basic Ym9iOnNlY3JldA==",
        b"Digest username*=UTF-8''J%C3%A4s, realm=\"r\", nonce=n, uri=/, response=a, qop=auth, nc=00000001, cnonce=c",
    ],
    "nonce": [b"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"],
    "X-Forwarded-For": [b"192.0.2.1, [2001:db8::1]:80, 10.0.0.2"],
    "Forwarded": [b'for="[2001:db8::1]";proto=https, for=10.0.0.2'],
    "Upload-Metadata": [b"filename YS50eHQ=,filetype dGV4dC9wbGFpbg==,mtime MTcwMDAwMDAwMA=="],
    "Upload-Checksum": [b"sha1 2jmj7l5rSw0yVb/vlWAYkK/YBwk="],
    "logged": [b'Digest a="b", c=d, e=f https://u:p@h/ token=x'],
    "PROPFIND": [b'<D:propfind xmlns:D="DAV:"><D:allprop/><D:include><x xmlns="u"/></D:include></D:propfind>'],
    "PROPPATCH": [update(("{urn:x}a", "b"))],
    "LOCK": [lockinfo()],
}
