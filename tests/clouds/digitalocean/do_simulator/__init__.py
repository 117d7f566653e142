"""A simulator of DigitalOcean's API v2. See ../README.md."""

from .account import Clock, NoHooks, Settings
from .api import Rule
from .server import Simulator

__all__ = ["Clock", "NoHooks", "Rule", "Settings", "Simulator"]
