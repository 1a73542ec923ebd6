"""Figures for Prometheus, parsed as Prometheus would."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from tests.server.live import eventually
from tests.server.nodes import ENTERED
from tests.server.test_runs import SUM, WAIT
from tests.support import graph


def figures(server):
    text = server.get("/metrics").text
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_runs_nodes_cache_queue_and_memory_are_counted(server):
    server.run(SUM)
    server.run(SUM)
    server.run(graph({"r": "core/refuse"}))
    running = server.submit(WAIT)
    server.submit(SUM)
    assert ENTERED.wait(10)

    found = figures(server)

    assert found["graphgen_runs_total", "succeeded"] == 2
    assert found["graphgen_runs_total", "failed"] == 1
    assert found["graphgen_nodes_total", "core/add", "finished"] == 1
    assert found["graphgen_nodes_total", "cached", "core/add"] == 1
    assert found["graphgen_nodes_total", "core/refuse", "failed"] == 1
    assert found["graphgen_node_seconds_total", "core/number"] > 0
    assert found["graphgen_run_seconds_total",] > 0
    assert found["graphgen_cache_hits_total", "cpu"] >= 1
    assert found["graphgen_cache_misses_total",] >= 2
    assert found["graphgen_cache_bytes", "cpu"] > 0
    assert ("graphgen_cache_bytes", "disk") in found
    assert found["graphgen_cache_budget_bytes", "cpu"] > found["graphgen_cache_bytes", "cpu"]
    assert found["graphgen_cache_evictions_total", "cpu"] == 0
    assert found["graphgen_model_loads_total",] == 0
    assert found["graphgen_queue_length",] == 1
    assert found["graphgen_queue_running",] == 1
    assert found["graphgen_memory_bytes", "cpu"] > 10_000_000
    server.call("DELETE", f"/api/runs/{running}")
    eventually(lambda: figures(server)["graphgen_queue_length",] == 0)
    eventually(lambda: figures(server).get(("graphgen_runs_total", "cancelled")) == 1)


def test_the_page_is_of_the_kind_that_prometheus_reads(server):
    response = server.get("/metrics")

    assert response.headers["Content-Type"].startswith("text/plain; version=")
    assert "# HELP graphgen_queue_length Runs that wait" in response.text
