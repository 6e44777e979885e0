"""The options of `waypost monitor`, as a part of the table."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from waypost.settings.option import OptionInfo


class MonitorOptions(BaseModel):
    """The options of the monitor. Instances are immutable and can be sent to another process."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    monitor_interval: Annotated[
        float,
        Field(ge=60, le=2_592_000, allow_inf_nan=False),
        OptionInfo(
            "Monitor",
            "The time between the starts of two runs of `waypost monitor`, in seconds; a run that "
            "takes longer is followed by the next one.",
            "a number of seconds from 60 to 2592000",
            unit="seconds",
        ),
    ] = 3600.0
    monitor_rate: Annotated[
        float,
        Field(gt=0, le=1000, allow_inf_nan=False),
        OptionInfo(
            "Monitor",
            "How many checks of a domain or a mail server `waypost monitor` starts in a second, at "
            "most.",
            "a number above 0, and at most 1000",
        ),
    ] = 5.0
    monitor_port: Annotated[
        int,
        Field(ge=0, le=65535),
        OptionInfo(
            "Monitor",
            "The TCP port on 127.0.0.1 for the metrics of `waypost monitor`; 0 disables it.",
            "a whole number from 0 to 65535",
        ),
    ] = 4245
    monitor_state: Annotated[
        Path | None,
        OptionInfo(
            "Monitor",
            "The folder for the last results of `waypost monitor`; `monitor` in the state folder "
            "of the service or of the user if unset.",
            "the path of a folder",
            example='"/var/lib/waypost/monitor"',
        ),
    ] = None
    monitor_notify: Annotated[
        tuple[Annotated[str, Field(min_length=1)], ...],
        OptionInfo(
            "Monitor",
            "The command that `waypost monitor` runs for each new error or warning and for each "
            "one that is gone, without a shell and with JSON on its standard input.",
            "a list of texts: a program and its arguments",
            example='["/usr/local/bin/tell-operators"]',
        ),
    ] = ()
