"""The Zoom sandbox: a real HTTP server that answers as Zoom's documentation says, for demos and tests.

Sources: https://developers.zoom.us/docs/api/meetings/, https://developers.zoom.us/docs/api/errors/ and
https://developers.zoom.us/docs/api/rate-limits/. Where those are silent it takes the stricter reading.
"""

from staffhub.zoom.sandbox.account import Account
from staffhub.zoom.sandbox.app import create_sandbox
from staffhub.zoom.sandbox.hooks import Hooks
from staffhub.zoom.sandbox.server import SandboxServer

__all__ = ["Account", "Hooks", "SandboxServer", "create_sandbox"]
