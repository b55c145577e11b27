"""The board *EnergyGuard*: how the processes do, from Prometheus.

Figures that several processes tell are taken from the page (``job="serve"``), which reads those of
all from the log.
"""

from __future__ import annotations

from typing import Final

from deploy.grafana.panels import Board, Panel, Row


def rate(metric: str, by: str) -> str:
    """How much a counter of ours grows in a second."""
    return f"sum by ({by}) (rate(energyguard_{metric}_total[1m]))"


def p99(metric: str, by: str, role: str) -> str:
    """What 99 of 100 observations of a histogram of ours did not exceed."""
    buckets = f'rate(energyguard_{metric}_bucket{{role="{role}"}}[5m])'
    return f"histogram_quantile(0.99, sum by (le, {by}) ({buckets}))"


def spark(figure: str) -> str:
    """A figure of Spark's query; the query's own name is within that of the metric."""
    return f'sum({{__name__=~"metrics_energyguard_driver_spark_streaming_.*_{figure}_Value"}})'


FLINK: Final = "flink_taskmanager_job"
SOURCE_OF: Final = '{operator_name=~"Source:.*"}'

ROWS: Final = (
    Row(
        "Readings",
        (
            Panel(
                "Readings/s by how they ended",
                'sum by (verdict) (rate(energyguard_readings_total{job="serve"}[1m]))',
                "{{verdict}}",
                "cps",
            ),
            Panel(
                "Records not read yet",
                'sum by (group, topic) (energyguard_log_lag{job="serve"})',
                "{{group}} {{topic}}",
                about="Growing: too few workers, or one that is stuck (`energyguard log lag`).",
            ),
            Panel(
                "Newest reading less watermark",
                'max by (topic) (energyguard_watermark_lag_seconds{job="serve"})',
                "{{topic}}",
                "s",
                "Windows close so long after their last reading; `stream.lateness` is in it.",
            ),
            Panel(
                "Messages of a broker/s",
                rate("mqtt_messages", "dialect, outcome"),
                "{{dialect}} {{outcome}}",
                "cps",
            ),
            Panel(
                "Devices asked/s",
                rate("poll_answers", "kind, outcome"),
                "{{kind}} {{outcome}}",
                "cps",
            ),
            Panel(
                "Devices that do not answer",
                "max by (target) (energyguard_poll_silent)",
                "{{target}}",
                about="1: it is asked ever less; `energyguard doctor` says why.",
            ),
        ),
    ),
    Row(
        "Alerts",
        (
            Panel(
                "Alert events",
                'sum by (rule, state) (increase(energyguard_alerts_total{job="serve"}[5m]))',
                "{{rule}} {{state}}",
            ),
            Panel(
                "Changes of sums of too many parts/s",
                rate("sums_not_restated", "rule"),
                "{{rule}}",
                "cps",
                "Their alerts are not restated.",
            ),
            Panel("Rows refused/s", rate("refused", "shape, field"), "{{shape}} {{field}}", "cps"),
        ),
    ),
    Row(
        "Worker",
        (
            Panel("Transactions/s", rate("commits", "outcome"), "{{outcome}}", "cps"),
            Panel(
                "Damaged appends gone around/s", rate("log_damaged", "topic"), "{{topic}}", "cps"
            ),
            Panel(
                "Transaction, p99", p99("commit_seconds", "instance", "worker"), "{{instance}}", "s"
            ),
            Panel(
                "Records written/s", rate("log_appends", "role, topic"), "{{role}} {{topic}}", "cps"
            ),
        ),
    ),
    Row(
        "History and page",
        (
            Panel("Rows inserted/s", rate("history_rows", "table"), "{{table}}", "cps"),
            Panel(
                "Question, p99",
                p99("history_query_seconds", "query", "history"),
                "{{query}}",
                "s",
            ),
            Panel(
                "Requests/s", rate("http_requests", "route, status"), "{{route}} {{status}}", "cps"
            ),
            Panel("Open live streams", "sum(energyguard_sse_clients)"),
            Panel("Log-ins refused/s", rate("login_failures", "how"), "{{how}}", "cps"),
            Panel(
                "Connections closed/s", rate("connections_closed", "reason"), "{{reason}}", "cps"
            ),
            Panel(
                "Live events that slow clients were spared",
                "sum(increase(energyguard_notifications_dropped_total[5m]))",
            ),
        ),
    ),
    Row(
        "Store",
        (
            Panel("Rows for the store/s", rate("store_rows", "outcome"), "{{outcome}}", "cps"),
            Panel(
                "Write to the store, p99",
                p99("store_write_seconds", "instance", "ingestor"),
                "{{instance}}",
                "s",
            ),
            Panel(
                "Ingestors that wait for the store",
                "sum(energyguard_store_stalled)",
                about="Above 0: the store takes nothing; rows wait in the log, none is lost.",
            ),
        ),
    ),
    Row(
        "Edges",
        (
            Panel("Readings/s", rate("edge_readings", "edge"), "{{edge}}", "cps"),
            Panel(
                "Frames/s",
                rate("edge_frames", "edge, kind"),
                "{{edge}} {{kind}}",
                "cps",
                "Heartbeats and batches, as the role cloud gets them.",
            ),
            Panel("Sent again/s", rate("edge_resent", "edge"), "{{edge}}", "cps"),
            Panel(
                "Records that wait there",
                'max by (edge) (energyguard_edge_queued{job="serve"})',
                "{{edge}}",
                about="At the edge's last word; silent ones go on filling their disks.",
            ),
            Panel(
                "What is here is behind by",
                'max by (edge) (energyguard_edge_lag_seconds{job="serve"})',
                "{{edge}}",
                "s",
            ),
            Panel(
                "Clock off by",
                'max by (edge) (abs(energyguard_edge_clock_offset_seconds{job="serve"}))',
                "{{edge}}",
                "s",
            ),
            Panel(
                "Silent",
                'max by (edge) (energyguard_edge_silent{job="serve"})',
                "{{edge}}",
                about="1: not heard for longer than `cloud.silent`.",
            ),
            Panel(
                "Records lost",
                'sum by (edge) (increase(energyguard_edge_lost_total{job="serve"}[5m]))',
                "{{edge}}",
                about="What an edge deleted before the cloud had it: its disk was full, or older.",
            ),
        ),
    ),
    Row(
        "Processes",
        (
            Panel("Cores", "sum by (job, role) (rate(process_cpu_seconds_total[1m]))"),
            Panel("Memory", "sum by (job, role) (process_resident_memory_bytes)", unit="bytes"),
        ),
    ),
    Row(
        "Rule on Spark",
        (
            Panel("Messages/s", spark("processingRate_total"), unit="cps"),
            Panel("Micro-batch", spark("latency"), unit="ms"),
            Panel("Rows of state", spark("states_rowsTotal")),
        ),
    ),
    Row(
        "Rule on Flink",
        (
            Panel("Messages/s", f"sum(rate({FLINK}_task_operator_numRecordsOut{SOURCE_OF}[1m]))"),
            Panel("Messages not read yet", f"sum({FLINK}_task_operator_pendingRecords)"),
            Panel("Checkpoint", "max(flink_jobmanager_job_lastCheckpointDuration)", unit="ms"),
            Panel("Starts again", "sum(flink_jobmanager_job_numRestarts)"),
        ),
    ),
)

PROCESSES: Final = Board("energyguard", "EnergyGuard", ROWS)
