"""The SRE kit: dashboards, recording rules, objectives, alerts and playbooks, as data and as files.

Queries stand apart from panels, objectives apart from the rules made of them. ``dashboards.build``
writes what Grafana and Prometheus read into ``dashboards/generated``.
"""
