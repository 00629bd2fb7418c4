"""Attempts to harm the machine: each fails within the sandbox, and the rest is graded."""

from grader_corpus.case import ALL, CANARY, DETACHED, NOTHING, case

WRITE = f"""
import os
for path in ("{CANARY}/canary", "/etc/passwd", "/usr/lib/canary", "/course/grader/wire.py", "/canary",
             "/dev/shm/canary", "/proc/sys/kernel/hostname", "/sys/canary", os.__file__, np.__file__):
    try:
        with open(path, "a") as file:
            file.write("changed")
    except OSError:
        pass
try:
    os.remove("{CANARY}/canary")
except OSError:
    pass
os.system("rm -rf {CANARY} /course /home /root 2>/dev/null")
"""
FILL = """
import os
def fill(path):
    for n in range(100):
        with open(f"{path}/{n}", "wb") as file:
            for _ in range(60):
                file.write(b"x" * 2**20)
fill("/tmp")
"""
NETWORK = """
import socket
socket.create_connection(("1.1.1.1", 53), timeout=1)
"""
LOCAL_NETWORK = """
import socket
open_ports = [p for p in range(1, 9000, 7) if socket.socket().connect_ex(("127.0.0.1", p)) == 0]
assert not open_ports
import os
assert [l.split(":")[0].strip() for l in open("/proc/net/dev").readlines()[2:]] == ["lo"]
"""
FORKS = f"""
import os
try:
    while True:
        if os.fork() == 0:
            os.execvp("sleep", ["sleep", "{DETACHED}"])
except OSError:
    pass
"""
FORK_BOMB = """
import os
try:
    while True:
        os.fork()
except BaseException:
    os._exit(0) if os.getpid() > 3 else None
"""
DAEMON = f"""
import os
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execvp("sleep", ["sleep", "{DETACHED}"])
    os._exit(0)
"""
KILL_ALL = """
import os, signal
for pid in (os.getppid(), 1, -1):
    try:
        os.kill(pid, signal.SIGKILL)
    except OSError:
        pass
"""
IGNORE_SIGNALS = """
import signal
for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
"""
CATCH_ALL = """
def softmax(x):
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass
"""
PROC = """
import os
pids = [p for p in os.listdir("/proc") if p.isdigit()]
assert len(pids) <= 3, pids
for name in ("environ", "mem", "maps", "root", "cwd", "fd"):
    try:
        os.listdir(f"/proc/1/{name}") if name in ("root", "cwd", "fd") else open(f"/proc/1/{name}").read(99)
    except OSError:
        pass
for name in ("sysrq-trigger", "sys/kernel/core_pattern", "sys/vm/drop_caches"):
    try:
        open(f"/proc/{name}", "w").write("c")
    except OSError:
        continue
    raise AssertionError(name)
"""
PTRACE = """
import ctypes
assert ctypes.CDLL(None, use_errno=True).ptrace(16, 1, 0, 0) in (0, -1)
"""
NAMESPACES = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
for flag in (0x10000000, 0x00020000, 0x40000000, 0x20000000):  # user, mount, network, process ids
    assert libc.unshare(flag) == -1
assert libc.mount(b"none", b"/tmp", b"tmpfs", 0, None) == -1
assert libc.chroot(b"/") == -1
"""
ROOT = """
import os
for change in (os.setuid, os.setgid):
    try:
        change(0)
    except OSError:
        continue
    raise AssertionError("root")
assert "CapEff:\\t0000000000000000" in open("/proc/self/status").read()
assert "NoNewPrivs:\\t1" in open("/proc/self/status").read()
"""
LIMITS = """
import resource
for name in (resource.RLIMIT_AS, resource.RLIMIT_NPROC, resource.RLIMIT_CPU):
    try:
        resource.setrlimit(name, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    except (OSError, ValueError):
        continue
    raise AssertionError("raised")
"""
ENVIRONMENT = """
import os
assert set(os.environ) <= {"HOME", "PATH", "LANG", "MPLBACKEND", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS",
                           "MKL_NUM_THREADS", "PWD", "LC_CTYPE"}, os.environ
assert not os.path.exists("/home") and not os.path.exists("/etc/passwd") and not os.path.exists("/var")
"""
THREADS = """
import threading, time
for _ in range(100):
    threading.Thread(target=time.sleep, args=(999,), daemon=True).start()
"""
AT_EXIT = f"""
import atexit, subprocess
atexit.register(subprocess.Popen, ["sleep", "{DETACHED}"])
"""
PAUSED = "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)"

CASES = [
    case("it writes and deletes outside", ALL, last=WRITE),
    case("it fills the disk", ALL, last=FILL, note="Code cell 6 raises OSError"),
    case("it connects to the network", ALL, last=NETWORK, note="Code cell 6 raises OSError"),
    case("it looks for services on this machine", ALL, last=LOCAL_NETWORK),
    case("it forks processes that sleep", ALL, last=FORKS),
    case("a fork bomb", ALL, last=FORK_BOMB),
    case("a daemon", ALL, last=DAEMON),
    case("it kills every process it can", ALL, last=KILL_ALL),
    case("it ignores every signal", ALL, last=IGNORE_SIGNALS),
    case("it ignores every signal and loops", first=IGNORE_SIGNALS, softmax=CATCH_ALL, says="no end"),
    case("it catches every exception and loops", softmax=CATCH_ALL, says="no end"),
    case("it pokes about in /proc", ALL, last=PROC),
    case("it traces its parent", ALL, last=PTRACE),
    case("it makes namespaces", ALL, last=NAMESPACES),
    case("it becomes root", ALL, last=ROOT),
    case("it raises its limits", ALL, last=LIMITS),
    case("it reads the environment", ALL, last=ENVIRONMENT),
    case("a hundred threads", ALL, last=THREADS, note="Code cell 6 raises RuntimeError"),
    case("it starts a process as it exits", ALL, last=AT_EXIT),
    case("it stops itself", ALL, last=PAUSED, note="Code cell 6 does not end"),
    case(
        "it crashes the interpreter", ALL, last="import ctypes\nctypes.string_at(0)", note="ends the process"
    ),
    case("it breaks NumPy for itself", NOTHING, last="del np.__dict__['ndarray']"),
]
