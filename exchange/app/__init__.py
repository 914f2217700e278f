"""The composition root: the only place that knows every class."""

from exchange.app.directories import make_data_dir, make_directory
from exchange.app.exchange import Exchange
from exchange.app.family import Family, worker_count
from exchange.app.keys import load_format_keys, load_subject_keys
from exchange.app.listening import make_tls
from exchange.app.processes import serve
from exchange.app.stores import connected_store, make_store
from exchange.app.streams import StreamsExchange

__all__ = [
    "Exchange",
    "Family",
    "StreamsExchange",
    "connected_store",
    "load_format_keys",
    "load_subject_keys",
    "make_data_dir",
    "make_directory",
    "make_store",
    "make_tls",
    "serve",
    "worker_count",
]
