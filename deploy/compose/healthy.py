"""The health check of every role's container: does the process answer at the address ``HEALTH``?

The page's is ``/readyz``: it answers 200 when it can do its work. The others' is that of
``energyguard role NAME --metrics``.
"""

import os
import sys
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

PATIENCE_S = 5.0


def main() -> int:
    """The exit code: 0 when the answer is 200."""
    url = urlsplit(os.environ["HEALTH"])
    connection = HTTPConnection(url.hostname or "", url.port, timeout=PATIENCE_S)  # no proxy
    try:
        connection.request("GET", url.path)
        answer = connection.getresponse()
        print(answer.status, answer.read().decode(errors="replace")[:500])
    except (OSError, HTTPException) as error:
        print(error)
        return 1
    finally:
        connection.close()
    return 0 if answer.status == 200 else 1


if __name__ == "__main__":
    sys.exit(main())
