"""Every limit of the transport, with the reason for its number, and the options that set it."""

import msgspec

MESSAGE_BYTES_MAX = 5 * 1024 * 1024
"""4 MiB of payloads (the API's limit) and what stands around them."""
ANSWER_BYTES_MAX = MESSAGE_BYTES_MAX * 4
"""A batch of 1,000 decisions with all their reasons stays far below."""
METADATA_BYTES_MAX = 16 * 1024
"""Callers send a few hundred bytes; gRPC's own default is 8 KiB soft, 16 KiB hard."""
STREAMS_PER_CONNECTION_MAX = 100
"""Calls in flight on one connection; the least that HTTP/2 recommends. More wait at the client."""
KEEPALIVE_SECONDS = 30
"""A connection that is silent for so long is pinged: load balancers forget after a minute."""
KEEPALIVE_ANSWER_SECONDS = 10
"""A ping that is not answered within this ends the connection: the peer is gone or stuck."""
CLIENT_PING_SECONDS_MIN = 20
"""Clients may ping this often, also without calls; those that ping more are cut off."""
PING_STRIKES_MAX = 2
"""Pings too many before the connection is ended with ENHANCE_YOUR_CALM."""
INNER_RETRY_MS, INNER_RETRY_MS_MAX = 100, 1_000
"""How soon a worker looks again for a publisher that is away: it starts in a second or two."""


def inner_options() -> tuple[tuple[str, int], ...]:
    """Return gRPC's options of both ends between a worker and a publisher.

    What the outer connection lets pass has to pass here. The window of a stream does not grow, as
    it does by itself: what a publisher has not read yet waits at the caller and not here.
    """
    return (
        ("grpc.max_receive_message_length", ANSWER_BYTES_MAX),
        ("grpc.max_send_message_length", ANSWER_BYTES_MAX),
        ("grpc.max_metadata_size", 2 * METADATA_BYTES_MAX),
        ("grpc.absolute_max_metadata_size", 2 * METADATA_BYTES_MAX),
        ("grpc.http2.bdp_probe", 0),
        ("grpc.initial_reconnect_backoff_ms", INNER_RETRY_MS),
        ("grpc.min_reconnect_backoff_ms", INNER_RETRY_MS_MAX),
        ("grpc.max_reconnect_backoff_ms", INNER_RETRY_MS_MAX),
        ("grpc.enable_retries", 0),
    )


class ConnectionLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of a connection that settings may change.

    Attributes:
        age_seconds: Connections are closed at this age, plus or minus a tenth.
        age_grace_seconds: Calls that run then may go on for so long.
        stream_seconds_max: One stream is ended when it has lasted so long.
        handshake_seconds: A connection that is not ready by then is closed.
        connections_max: Of one worker; those beyond are closed at once.
    """

    age_seconds: float = 600.0
    age_grace_seconds: float = 3_900.0
    stream_seconds_max: float = 3_600.0
    handshake_seconds: float = 10.0
    connections_max: int = 10_000

    def options(self, *, shared_port: bool) -> tuple[tuple[str, int], ...]:
        """Return gRPC's options, those of the constants included.

        Args:
            shared_port: Other processes listen on the same port; else a taken port is refused.
        """
        return (
            ("grpc.so_reuseport", int(shared_port)),
            ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
            ("grpc.max_send_message_length", ANSWER_BYTES_MAX),
            ("grpc.max_metadata_size", METADATA_BYTES_MAX),
            ("grpc.absolute_max_metadata_size", METADATA_BYTES_MAX),
            ("grpc.max_concurrent_streams", STREAMS_PER_CONNECTION_MAX),
            ("grpc.keepalive_time_ms", KEEPALIVE_SECONDS * 1000),
            ("grpc.keepalive_timeout_ms", KEEPALIVE_ANSWER_SECONDS * 1000),
            ("grpc.keepalive_permit_without_calls", 1),
            ("grpc.http2.min_ping_interval_without_data_ms", CLIENT_PING_SECONDS_MIN * 1000),
            ("grpc.http2.max_ping_strikes", PING_STRIKES_MAX),
            ("grpc.max_connection_age_ms", round(self.age_seconds * 1000)),
            ("grpc.max_connection_age_grace_ms", round(self.age_grace_seconds * 1000)),
            ("grpc.server_handshake_timeout_ms", round(self.handshake_seconds * 1000)),
            ("grpc.max_allowed_incoming_connections", self.connections_max),
        )
