"""The API as generated from proto/: never edited by hand."""
