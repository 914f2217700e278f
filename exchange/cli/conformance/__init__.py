"""The conformance kit: case corpora run through the adapters, with a table and a page as report."""
