"""A pytest plugin: the servers the tests run on. It loads before Django reads its settings."""

import os

os.environ.setdefault("SECRET_KEY", "tests-only")
