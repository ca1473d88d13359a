"""markco_mrp.py inside bubblewrap (AG6): the same engine over JSON lines on stdin and stdout, so that nothing listens.

The lines are those of sandbox-main.mjs. Limits are set before any code of a person runs; whoever escapes from here is in an empty box.
"""
import contextlib
import json
import os
import resource
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import markco_mrp as mrp

PROJECT = '/project'
TRANSCRIPT = 262_144

mrp.OWN_FILES.add(__file__)


class Lines:
    """Whole lines from several threads on one descriptor. Blocks while the reader is behind, and with it the printer (RU18)."""

    def __init__(self, descriptor):
        self.descriptor, self.lock = descriptor, threading.Lock()

    def send(self, message):
        data = memoryview((mrp.to_json(message) + '\n').encode('utf-8', 'replace'))
        with self.lock:
            while data:
                data = data[os.write(self.descriptor, data):]


def set_limits(limits):
    for name, value in limits.items():
        resource.setrlimit(getattr(resource, 'RLIMIT_' + name), (value, value))


def put_files(files):
    """Writes the project's documents; a path that leads out of the project is left out."""
    for path, text in files.items():
        parts = [part for part in path.split('/') if part and part != '.']
        if not parts or '..' in parts:
            continue
        with contextlib.suppress(OSError):
            os.makedirs(os.path.join(PROJECT, *parts[:-1]), exist_ok=True)
            with open(os.path.join(PROJECT, *parts), 'w', encoding='utf-8', newline='') as file:
                file.write(text)


class Box:
    """Takes one line after the other; cells and questions run on the engine's main thread."""

    def __init__(self, engine, lines):
        self.engine, self.lines = engine, lines
        self.job = None

    def take(self, message):
        kind = message.get('type')
        if kind == 'files':
            put_files(message['files'])
        elif kind == 'execute':
            self.execute(message)
        elif kind == 'question':
            threading.Thread(target=self.question, args=(message,), daemon=True).start()
        elif kind == 'interrupt':
            self.engine.interrupt()
        elif kind == 'input' and self.job is not None:
            text = message['text']
            self.engine.answer_input(self.job.exec_id, text or '', cancel=text is None)

    def execute(self, message):
        job = mrp.Job(message['execId'], message['code'], message['storeHistory'], message['allowStdin'], TRANSCRIPT)
        self.job = job
        self.engine.begin(job)
        threading.Thread(target=self.pour, args=(message['id'], job.stream), daemon=True).start()

    def pour(self, ident, stream):
        while True:
            try:
                item = stream.take(mrp.KEEP_ALIVE_SECONDS)
            except EOFError:
                break
            if item is not None and item[0] != 'done':
                self.lines.send({'type': 'event', 'id': ident, 'event': item[0], 'data': item[1]})
        self.lines.send({'type': 'finished', 'id': ident, 'reply': None})

    def question(self, message):
        try:
            call = mrp.question_call(self.engine.kernel, message['name'], json.loads(message['body']))
            seconds = 30 if message['name'] in ('reset', 'asset') else mrp.INTROSPECT_SECONDS
            reply = mrp.to_json({'ok': self.engine.question_answer(call, seconds)})
        except mrp.Unavailable:
            reply = '{"error":"runtime_busy"}'
        except (KeyError, IndexError, ValueError, StopIteration, RuntimeError):
            reply = '{"error":"not_found"}'
        except Exception as exc:
            reply = mrp.to_json({'error': 'internal_error', 'message': '%s: %s' % (type(exc).__name__, mrp.safe_str(exc))})
        self.lines.send({'type': 'finished', 'id': message['id'], 'reply': reply})


def _listen(box, descriptor):
    """Reads until the driver goes; the box ends with it."""
    try:
        with contextlib.suppress(OSError, ValueError, KeyError), os.fdopen(descriptor, encoding='utf-8', newline='\n') as source:
            for line in source:
                box.take(json.loads(line))
    except BaseException as exc:  # the code left no thread or no memory for the next cell
        box.lines.send({'type': 'fatal', 'reason': 'crashed', 'message': 'The code used up what the sandbox has: %s.' % mrp.safe_str(exc)})
        os._exit(1)
    os._exit(0)


def main():
    import faulthandler

    commands, answers, last_words = os.dup(0), os.dup(1), os.dup(2)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    set_limits(json.loads(sys.argv[1]))
    with contextlib.suppress(OSError):
        os.setpgid(0, 0)
    faulthandler.enable(file=last_words)
    os.chdir(PROJECT)
    sys.path[0] = ''
    sys.argv = ['']
    engine = mrp.Engine()
    box = Box(engine, Lines(answers))
    threading.Thread(target=_listen, args=(box, commands), name='markco-lines', daemon=True).start()
    box.lines.send({'type': 'ready', 'python': '%d.%d.%d' % sys.version_info[:3], 'features': mrp.features()})
    engine.run_forever()


if __name__ == '__main__':
    main()
