"""HTTP to servers on this machine, for tests: one client for all of them.

A client of one's own reads the system's certificates first, which costs more than most requests.
"""

import httpx

HTTP = httpx.Client(
    verify=False,
    trust_env=False,
    timeout=60,
    limits=httpx.Limits(max_keepalive_connections=0),  # servers come and go
)
