"""The documentation site: `python -m tests.site` builds and checks it."""
