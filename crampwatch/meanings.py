"""What each metric means, in one line: the help of /metrics and the table in docs/operating.md.

A name without its kind holds for every kind of service that has it.
"""

from collections.abc import Mapping

MEANINGS: Mapping[str, str] = {
    "build_info": "release of crampwatch and of Python",
    "tasks": "asyncio tasks of the process; it must not grow while nothing is added",
    "ready": "1 while the service takes what it is there to take",
    "problems": "how many problems the service names in /readyz",
}
