"""The sandbox's side of markco_mrp.py: the same kernel over messages instead of HTTP, without threads or processes.

Loaded by sandbox-worker.mjs inside Pyodide. `connect` gets four plain functions from there and hides every other bridge to JavaScript.
"""
import asyncio
import contextlib
import errno
import gc
import json
import os
import sys
import time
import types

import markco_mrp as mrp

mrp.OWN_FILES.add(__file__)


class _Waiter:
    """Stands where a selector would: there is nothing to wait for but time."""

    def __init__(self, sleep):
        self.sleep = sleep

    def select(self, timeout=None):
        if timeout is None or timeout > 0:
            self.sleep(3600.0 if timeout is None else timeout)
        return []


class BlockingLoop(asyncio.BaseEventLoop):
    """An event loop that runs to completion on the only thread, so that `await`, asyncio.run() and interrupts work as on a desktop."""

    sleep = None

    def __init__(self):
        super().__init__()
        self._selector = _Waiter(BlockingLoop.sleep)

    def _process_events(self, events):
        return None

    def _write_to_self(self):
        return None


class Host:
    """Carries a Kernel: output goes out through `post`, answers come in through `ask`, which block."""

    def __init__(self, post, ask, sleep):
        self._post, self._ask, self._sleep = post, ask, sleep
        self.interrupts = mrp.Interrupts()
        self.exec_id = None
        self.kernel = mrp.Kernel(self)
        sys.modules['__main__'] = self.kernel.module
        sys.stdout = sys.__stdout__ = mrp.CellStream('stdout', self.write)
        sys.stderr = sys.__stderr__ = mrp.CellStream('stderr', self.write)
        sys.stdin = sys.__stdin__ = mrp.CellInput(self.kernel)
        BlockingLoop.sleep = staticmethod(self.sleep)
        time.sleep = self.sleep
        self.loop = BlockingLoop()

    # -- host of the kernel

    def user_code(self):
        return self.interrupts.user_code()

    def features(self):
        return mrp.to_json(mrp.features())

    def emit(self, event, data):
        with self.interrupts.shield():
            self._post(event, mrp.to_json(data))

    def write(self, name, text):
        if self.exec_id is None:
            return
        text = text if text.isascii() else text.encode('utf-8', 'replace').decode('utf-8')
        with self.interrupts.shield():
            self.kernel.written(name, text)
            for start in range(0, len(text), 65_536):
                self._post(name, text[start:start + 65_536])

    def ask(self, prompt, password):
        self.emit('stdin_request', {'prompt': prompt, 'password': bool(password), 'execId': self.exec_id})
        answer = self._ask()
        if answer == 'I':
            raise KeyboardInterrupt
        if answer == 'C':
            raise EOFError('The question was dismissed without an answer.')
        return answer[1:]

    def sleep(self, seconds):
        if not isinstance(seconds, (int, float)):
            raise TypeError('%r cannot be interpreted as a number of seconds' % type(seconds).__name__)
        if seconds < 0:
            raise ValueError('sleep length must be non-negative')
        end = time.monotonic() + seconds
        while True:
            left = end - time.monotonic()
            if left <= 0:
                return
            self._sleep(min(left, 0.05))

    # -- what the worker calls

    def execute(self, exec_id, code, store_history, allow_stdin):
        """Runs one cell; every event, the outcome and `done` go through `post`."""
        self.exec_id = exec_id
        asyncio._set_running_loop(None)  # Pyodide calls its own loop, which cannot block, the running one
        self.emit('start', {'execId': exec_id, 'timestamp': time.time()})
        try:
            result = self._drive(self.kernel.run(code, exec_id, store_history, allow_stdin))
        except BaseException as exc:
            result = {'success': False, 'error': mrp.error_record(exc, '')}
        self.kernel.record = self.exec_id = None
        self.interrupts.begin()
        if result['error'] is None:
            self.emit('result', result)
        else:
            self.emit('error', dict(result['error'], executionCount=result.get('executionCount'), duration=result.get('duration')))

    def _drive(self, steps):
        answer = failure = None
        while True:
            try:
                coroutine = steps.throw(failure) if failure is not None else steps.send(answer)
            except StopIteration as done:
                return done.value
            answer = failure = None
            try:
                answer = self._await(coroutine)
            except BaseException as exc:
                failure = exc

    def _await(self, coroutine):
        task = self.loop.create_task(coroutine)
        try:
            with self.interrupts.user_code():
                return self.loop.run_until_complete(task)
        except KeyboardInterrupt:
            task.cancel()
            with contextlib.suppress(BaseException):
                self.loop.run_until_complete(task)
            raise

    def question(self, name, body):
        """Answers one introspection question with JSON: {"ok": answer} or {"error": code}."""
        try:
            call = mrp.question_call(self.kernel, name, json.loads(body))
            with self.interrupts.user_code():
                answer = call()
            return mrp.to_json({'ok': answer})
        except KeyboardInterrupt:
            return '{"error":"runtime_busy"}'
        except (KeyError, IndexError, ValueError, StopIteration, RuntimeError):
            return '{"error":"not_found"}'
        except BaseException as exc:
            return mrp.to_json({'error': 'internal_error', 'message': '%s: %s' % (type(exc).__name__, mrp.safe_str(exc))})
        finally:
            self.interrupts.begin()


def _close_bridges():
    """No way back to JavaScript by name: `js` is empty, `pyodide_js` knows nothing, no finder brings them back."""
    for finder in list(sys.meta_path):
        proxies = getattr(finder, 'jsproxies', None)
        if proxies is not None:
            proxies.clear()
            sys.meta_path.remove(finder)
    for name in [n for n in sys.modules if n == 'js' or n.startswith(('js.', 'pyodide_js'))]:
        del sys.modules[name]
    for name in ('js', 'pyodide_js', 'pyodide_js._api'):
        sys.modules[name] = types.ModuleType(name, 'Not available in the sandbox.')
    sys.modules['pyodide_js']._api = sys.modules['pyodide_js._api']
    for name in ('pyodide.webloop', 'pyodide._package_loader', 'pyodide._nodesock_transport', 'pyodide._run_js'):
        module = sys.modules.pop(name, None)
        if module is not None:
            module.__dict__.clear()
    gc.collect()


def _no_processes(*_, **__):
    raise OSError(errno.ENOSYS, 'The sandbox cannot start processes')


def connect(post, ask, sleep):
    """Builds the host over three functions of the worker: post(event, text), ask() and sleep(seconds)."""
    webloop = sys.modules['pyodide.webloop']
    asyncio.run = webloop._orig_run
    os.environ.clear()
    os.environ.update({'HOME': '/home/pyodide', 'LANG': 'C.UTF-8', 'PATH': '/usr/bin'})
    os.system = os.popen = _no_processes
    os.makedirs('/project', exist_ok=True)
    os.chdir('/project')
    sys.path.insert(0, '')
    sys.argv = ['']
    if 'random' in sys.modules:
        sys.modules['random'].seed()  # every sandbox comes from one memory image
    host = Host(post, ask, sleep)
    asyncio.new_event_loop = asyncio.events.new_event_loop = BlockingLoop
    asyncio.runners.events.new_event_loop = BlockingLoop
    asyncio.set_event_loop(host.loop)
    mrp.error_record(ValueError(), '')  # loads what the first error would have to wait for
    _close_bridges()
    return host
