"""Docker or podman: the same limits, asked of a container engine."""

import os
import subprocess
import uuid
from dataclasses import dataclass, field

from grader.limits import Limits
from grader.sandbox import ENVIRONMENT, FAR_SIDE, HERE, LIBRARY, worker

IMAGE = "transformer-course"  # made from tools/docker/Dockerfile
PYTHON = "/home/student/env/bin/python"
INSIDE = "/grading"


@dataclass
class Container:
    """A container without network, rights or a place to write, of the course's image."""

    name: str  # of the engine, which is its command
    image: str = field(default_factory=lambda: os.environ.get("GRADER_IMAGE", IMAGE))

    def command(self, limits: Limits) -> list[str]:
        """Start a container that is removed when it ends."""
        shown = {HERE / name: f"{INSIDE}/grader/{name}" for name in FAR_SIDE}
        shown |= {LIBRARY: f"{INSIDE}/transformer_lib"}
        mounts = [f"--volume={source}:{place}:ro" for source, place in shown.items()]
        variables = [f"--env={key}={value}" for key, value in ENVIRONMENT.items() if key != "PATH"]
        self.label = f"grader-{uuid.uuid4().hex}"
        return [
            *(self.name, "run", "--rm", "--interactive", f"--name={self.label}"),
            *("--network=none", "--read-only", f"--tmpfs=/tmp:rw,size={limits.disk}", "--workdir=/tmp"),
            *("--cap-drop=ALL", "--security-opt=no-new-privileges", "--user=65534:65534"),
            *(f"--memory={limits.memory}", f"--memory-swap={limits.memory}", "--cpus=1"),
            *(f"--pids-limit={limits.processes}", "--log-driver=none"),
            *mounts,
            *variables,
            self.image,
            *worker(PYTHON, [INSIDE], limits),
        ]

    def stop(self, process: "subprocess.Popen[bytes]") -> None:
        """Kill the container, and the client that waits for it."""
        subprocess.run([self.name, "kill", self.label], capture_output=True, check=False)
        process.kill()
