"""SIPp as a caller: runs a scenario of tests/peers/sipp against a port and says how it went.

Keys are RFC 4733 packets of SIPp's own (payload type 96), which it sends by a raw socket: that
needs root or CAP_NET_RAW.
"""

import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from twisted.internet import reactor
from twisted.internet.task import deferLater

from tests.peers.binaries import free_udp_port, needed_binary

SCENARIOS: Final = Path(__file__).parent / "sipp"
ANI: Final = "13900139000"  # of the scenarios
TIMEOUT_S: Final = 90.0
STEPS_MARK: Final = "  <!-- steps -->\n"
KEY_S: Final = 0.4  # 200 ms down, 200 ms up
LEAD_S: Final = 1.0  # SIPp begins to press 0.8 s late


_INFO: Final = """\
  <send retrans="500">
    <![CDATA[
      INFO [next_url] SIP/2.0
      Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
      From: "SIPp" <sip:{ani}@[local_ip]:[local_port]>;tag=[pid]sipp[call_number]
      To: <sip:[service]@[remote_ip]:[remote_port]>[peer_tag_param]
      Call-ID: [call_id]
      CSeq: {cseq} INFO
      Max-Forwards: 70
      Content-Type: application/dtmf-relay
      Content-Length: [len]

      Signal={key}
      Duration=160
    ]]>
  </send>
  <recv response="200"/>
  <pause milliseconds="150"/>
"""


def _info_steps(steps: Sequence[str | float], ani: str) -> str:
    """Return the steps as XML, each key an INFO request with the next CSeq."""
    cseq, parts = 1, []
    for step in steps:
        if isinstance(step, float):
            parts.append(_step(step))
            continue
        for key in step:
            cseq += 1
            parts.append(_INFO.format(ani=ani, cseq=cseq, key=key))
    return "".join(parts)


def _step(step: str | float) -> str:
    """Return one step as XML; keys are pressed while the pause after them lasts."""
    if isinstance(step, str):
        press = f'  <nop><action><exec play_dtmf="{step}"/></action></nop>\n'
        return press + _step(LEAD_S + KEY_S * len(step))
    return f'  <pause milliseconds="{round(step * 1000)}"/>\n'


async def sipp(
    scenario: str,
    port: int,
    folder: Path,
    steps: Sequence[str | float] = (),
    calls: int = 1,
    calls_per_s: int = 10,
    service: str = "95500",
    transport: str = "u1",
    ani: str = ANI,
) -> None:
    """Run a scenario to its end; fails with SIPp's own error log unless every call succeeded.

    `transport` is SIPp's -t: u1, or t1 and tn for one TCP connection or one per call. `steps`
    stand where the scenario says `<!-- steps -->`: keys to press, or seconds to listen. Keys go by
    RFC 4733, or by INFO in a scenario whose name ends in `_by_info.xml`.
    """
    binary = needed_binary("sipp", "sip-tester")
    assert not steps or os.geteuid() == 0, "SIPp presses keys by a raw socket: run as root"
    errors = folder / "errors.log"
    text = (SCENARIOS / scenario).read_text().replace(ANI, ani)
    is_info = scenario.endswith("_by_info.xml")
    keyed = _info_steps(steps, ani) if is_info else "".join(_step(step) for step in steps)
    (folder / scenario).write_text(text.replace(STEPS_MARK, keyed))
    command = [binary, "-sf", scenario, f"127.0.0.1:{port}", "-s", service]
    command += ["-i", "127.0.0.1", "-mi", "127.0.0.1", "-p", str(free_udp_port())]
    command += ["-mp", str(free_udp_port()), "-m", str(calls), "-r", str(calls_per_s)]
    command += ["-t", transport, "-max_socket", "1000", "-nostdin"]
    command += ["-trace_err", "-error_file", str(errors)]
    with (folder / "screen.txt").open("wb") as out:
        process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=out)
    end_s = time.monotonic() + TIMEOUT_S
    try:
        while process.poll() is None:
            assert time.monotonic() < end_s, f"{scenario} did not end within {TIMEOUT_S} s"
            await deferLater(reactor, 0.02)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    log = errors.read_text(errors="replace") if errors.exists() else ""
    screen = (folder / "screen.txt").read_text(errors="replace")[-3000:]
    assert process.returncode == 0, f"{scenario}: exit {process.returncode}\n{log}\n{screen}"
