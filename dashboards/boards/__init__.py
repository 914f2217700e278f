"""The dashboards, one module each."""

from dashboards.boards.capacity import CAPACITY
from dashboards.boards.exchange import EXCHANGE
from dashboards.boards.members import MEMBERS
from dashboards.boards.recognition import RECOGNITION
from dashboards.boards.store import STORE
from dashboards.panels import Dashboard

BOARDS: tuple[Dashboard, ...] = (EXCHANGE, MEMBERS, RECOGNITION, STORE, CAPACITY)
