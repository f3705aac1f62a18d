import json
import os
import signal
import subprocess
import sys
import threading

import psutil
import pytest

from monitorkit.errors import ServiceError
from monitorkit.processes import Process, lock_holder, pid_exists, refuse_if_locked, run, wait_until

ORPHAN_SECONDS = 2.5


@pytest.fixture
def begin(tmp_path):
    """Start a program under guard; it is stopped after the test."""
    started = []

    def start(*argv, **options):
        process = Process(argv, **({"name": "thing", "log": tmp_path / "log" / "thing.log"} | options))
        started.append(process)
        return process

    yield start
    for process in started:
        process.stop()


def python(code):
    return sys.executable, "-c", code


def ended(process):
    return wait_until(lambda: not process.alive, timeout_seconds=10)


def gone(pid):
    def dead():
        try:
            return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True

    return wait_until(dead, timeout_seconds=ORPHAN_SECONDS)


def test_a_program_runs_until_it_is_stopped(begin):
    process = begin("sleep", "60")
    assert process.alive
    assert process.returncode is None
    assert process.ending == ""
    assert psutil.Process(process.pid).name() == "sleep"
    process.stop()
    process.stop()
    assert not psutil.pid_exists(process.pid)
    assert process.ending == "ended by signal 15 (SIGTERM)"


def test_it_runs_in_a_session_of_its_own(begin):
    process = begin("sleep", "60")
    assert os.getsid(process.pid) != os.getsid(0)


def test_its_environment_and_folder_are_those_given(begin, tmp_path):
    process = begin(*python("import os; print(os.environ['A'], os.getcwd())"), env={"A": "1"}, cwd=tmp_path)
    assert ended(process)
    assert process.output() == f"1 {tmp_path}\n"


def test_its_status_is_told(begin):
    process = begin(*python("raise SystemExit(3)"))
    assert ended(process)
    assert process.returncode == 3
    assert process.ending == "ended with status 3"


def test_the_signal_that_killed_it_is_told(begin):
    process = begin("sleep", "60")
    process.signal(signal.SIGKILL)
    assert ended(process)
    assert process.ending == "ended by signal 9 (SIGKILL)"
    process.signal(signal.SIGTERM)


def test_its_output_is_that_of_this_run_alone(begin, tmp_path):
    for text in ("first", "second\\nthird"):
        process = begin(*python(f"print('{text}')"))
        assert ended(process)
    assert process.output() == "second\nthird\n"
    assert process.log_tail(1) == "third"
    assert (tmp_path / "log" / "thing.log").read_text() == "first\nsecond\nthird\n"


def test_one_that_ignores_being_asked_is_killed(begin):
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
    process = begin(*python(code), grace_seconds=0.2)
    assert wait_until(lambda: process.output() == "up\n", timeout_seconds=10)
    process.stop()
    assert process.ending == "ended by signal 9 (SIGKILL)"


def test_a_program_that_is_not_there_is_named(begin):
    with pytest.raises(ServiceError, match=r"thing: cannot start /no/such/program: .*No such file"):
        begin("/no/such/program")


def test_a_lock_keeps_a_second_one_out_until_the_first_ends(begin, tmp_path):
    lock = tmp_path / "data" / "lock"
    first = begin("sleep", "60", lock=lock)
    with pytest.raises(ServiceError, match=f"{lock.parent} is in use by this process; stop it there"):
        begin("sleep", "60", lock=lock)
    assert first.alive
    first.stop()
    assert begin("sleep", "60", lock=lock).alive


def test_a_lock_that_cannot_be_taken_is_named(begin, tmp_path):
    (tmp_path / "lock").mkdir()
    with pytest.raises(ServiceError, match=r"thing: cannot start sleep: .*Is a directory: '.*lock'"):
        begin("sleep", "60", lock=tmp_path / "lock")


def test_the_lock_outlives_a_guard_that_was_killed_no_longer_than_its_program(begin, tmp_path):
    first = begin("sleep", "60", lock=tmp_path / "lock")
    os.kill(psutil.Process(first.pid).ppid(), signal.SIGKILL)
    assert gone(first.pid)
    assert begin("sleep", "60", lock=tmp_path / "lock").alive


def test_a_process_started_by_a_thread_outlives_the_thread(begin):
    started = []
    thread = threading.Thread(target=lambda: started.append(begin("sleep", "60")))
    thread.start()
    thread.join()
    (process,) = started
    # Longer than a guard takes to look at its owner.
    assert not wait_until(lambda: not process.alive, timeout_seconds=0.5)


def test_an_interrupt_of_the_group_does_not_reach_it(tmp_path):
    owner = Owner(tmp_path)
    os.killpg(owner.process.pid, signal.SIGINT)
    owner.process.wait(10)
    assert owner.answer == {"alive": True, "interrupted": True}
    assert gone(owner.pid)


class Owner:
    """Another Python that starts a program under guard, in a group of its own."""

    CODE = """
import json, sys, time
from pathlib import Path
from monitorkit.processes import Process
folder = Path(sys.argv[1])
(folder / "scratch").mkdir()
process = Process(["sleep", "60"], name="thing", log=folder / "log", scratch=folder / "scratch")
interrupted = False
try:
    print(process.pid, flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    interrupted = True
print(json.dumps({"alive": process.alive, "interrupted": interrupted}), flush=True)
"""

    def __init__(self, folder):
        self.process = subprocess.Popen(
            [*python(self.CODE), str(folder)], stdout=subprocess.PIPE, start_new_session=True, text=True
        )
        self.pid = int(self.process.stdout.readline())
        self.guard = psutil.Process(self.pid).ppid()

    @property
    def answer(self):
        with self.process.stdout as out:
            return json.loads(out.read())

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def test_a_killed_owner_leaves_neither_program_nor_guard_nor_scratch(tmp_path):
    owner = Owner(tmp_path)
    assert (tmp_path / "scratch").exists()
    owner.kill()
    assert gone(owner.pid)
    assert gone(owner.guard)
    assert not (tmp_path / "scratch").exists()


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # Python 3.12: threads of other tests
def test_a_forked_child_of_the_owner_cannot_stop_it(begin):
    process = begin("sleep", "60")
    if os.fork() == 0:
        process.stop()
        os._exit(0)
    os.wait()
    assert process.alive


def test_a_command_is_run_to_its_end():
    done = run(python("import sys; print(sys.stdin.read()); sys.exit(2)"), timeout_seconds=20, input_text="hello")
    assert (done.returncode, done.output) == (2, "hello\n")


def test_a_command_that_hangs_is_killed():
    with pytest.raises(ServiceError, match=r"sleep: did not end within 0\.1 s"):
        run(["sleep", "60"], timeout_seconds=0.1)


def test_a_command_that_is_not_there_is_named():
    with pytest.raises(ServiceError, match="program: cannot be started"):
        run(["/no/such/program"], timeout_seconds=1)


def test_waiting_tells_whether_it_came_true():
    answers = iter([False, False, True])
    assert wait_until(lambda: next(answers), timeout_seconds=5, interval_seconds=0)
    assert not wait_until(lambda: False, timeout_seconds=0.01)


def test_the_holder_of_a_lock_is_told(begin, tmp_path):
    lock = tmp_path / "lock"
    assert lock_holder(lock) is None
    process = begin("sleep", "60", lock=lock)
    assert lock_holder(lock) == str(os.getpid())
    with pytest.raises(ServiceError, match=f"other: {tmp_path} is in use by this process"):
        refuse_if_locked(lock, name="other")
    process.stop()
    assert lock_holder(lock) is None
    refuse_if_locked(lock, name="other")


def test_another_holder_is_named_by_its_command_line(tmp_path):
    lock = tmp_path / "lock"
    code = "import fcntl, sys, os; f = open(sys.argv[1], 'w'); fcntl.flock(f, 2); print(os.getpid(), file=f, flush=True); print(flush=True); input()"
    with subprocess.Popen([*python(code), str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline()
        with pytest.raises(ServiceError, match=rf"in use by process {holder.pid} \(.*-c import fcntl.*\.\.\.\)"):
            refuse_if_locked(lock, name="other")
        holder.communicate(b"\n")


def test_a_process_exists_until_it_has_ended():
    with subprocess.Popen(["sleep", "60"]) as process:
        assert pid_exists(process.pid)
        process.kill()
    assert not pid_exists(process.pid)
