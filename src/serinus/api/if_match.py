"""`If-Match: <seq>`: act on a release only while it is as it was seen."""

import re
from typing import Annotated

from fastapi import Header

from serinus.core.errors import InvalidInput

_ETAG = re.compile(r'(?:W/)?"?(\d{1,15})"?')


def expected_seq(
    if_match: Annotated[
        str | None, Header(max_length=40, description="The release's `seq` as seen; 409 when it is another by now.")
    ] = None,
) -> int | None:
    """The dependency that reads the header; None when there is none or it is `*`."""
    if if_match is None or if_match.strip() == "*":
        return None
    found = _ETAG.fullmatch(if_match.strip())
    if found is None:
        raise InvalidInput("not a sequence number", where="if-match", mend="send the release's `seq`, such as `7`")
    return int(found[1])
