#!/usr/bin/env python3
"""MarkCo's Python runtime: one namespace behind the MRP protocol (docs/spec/mrp.md).

One script, standard library only, Python >= 3.8. IPython and matplotlib are used where the interpreter has them.
Started as a program it serves MRP over loopback HTTP; imported (by the sandbox) it offers `Kernel` without the server.

Sections: text and JSON · previews · displays · matplotlib · errors · completion and inspection · IPython ·
the kernel (one namespace) · interrupts · output capture · the engine (main thread) · HTTP · start.
"""
import __future__
import ast
import base64
import builtins
import codecs
import codeop
import collections
import contextlib
import errno
import fnmatch
import importlib.abc
import importlib.util
import inspect
import io
import json
import keyword
import linecache
import os
import pkgutil
import pprint
import re
import reprlib
import signal
import struct
import sys
import threading
import time
import traceback
import types

VERSION = '1.0.0'
MAX_INLINE_BYTES = 1_000_000  # a display variant above this becomes an asset
MAX_ASSET_BYTES = 50_000_000  # kept in memory, oldest dropped first
HIGH_WATER = 1_000_000  # characters waiting for a slow reader before the printer has to wait
COALESCE = 32_768  # neighbouring writes are sent as one event up to this size
BREATH_SECONDS = 0.008  # and under load this far apart
KEEP_ALIVE_SECONDS = 15
INTROSPECT_SECONDS = 2.0
OWN_FILES = {globals().get('__file__', '<markco_mrp>')}  # kept out of tracebacks


# ---------------------------------------------------------------- text and JSON


def utf16_to_index(text, units):
    """Python index of a cursor counted in UTF-16 code units (what editors count)."""
    if text.isascii():
        return max(0, min(units, len(text)))
    used = 0
    for index, char in enumerate(text):
        if used >= units:
            return index
        used += 2 if ord(char) > 0xFFFF else 1
    return len(text)


def index_to_utf16(text, index):
    """UTF-16 cursor of a Python index."""
    return index + sum(1 for char in text[:index] if ord(char) > 0xFFFF)


def _plain(value, depth=0):
    """`value` made of JSON types alone: NaN is null, unknown objects are their text."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if value == value and value not in (float('inf'), float('-inf')) else None
    if isinstance(value, bytes):
        return base64.b64encode(value).decode('ascii')
    if depth < 50 and isinstance(value, dict):
        return {str(k): _plain(v, depth + 1) for k, v in value.items()}
    if depth < 50 and isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(v, depth + 1) for v in value]
    return safe_str(value)


def to_json(value):
    """Strict JSON text (no NaN), whatever objects are inside."""
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(',', ':'))
    except (TypeError, ValueError, RecursionError):
        return json.dumps(_plain(value), ensure_ascii=False, allow_nan=False, separators=(',', ':'))


def safe_str(value):
    try:
        return str(value)
    except Exception as exc:
        return '<%s: str() failed with %s>' % (type(value).__name__, type(exc).__name__)


def safe_repr(value):
    try:
        return repr(value)
    except Exception as exc:
        return '<%s: repr() failed with %s>' % (type(value).__name__, type(exc).__name__)


# ---------------------------------------------------------------- previews


class _Preview(reprlib.Repr):
    def __init__(self):
        super().__init__()
        self.maxstring = self.maxother = self.maxlong = 160
        self.maxdict = self.maxlist = self.maxtuple = self.maxset = self.maxfrozenset = self.maxdeque = self.maxarray = 8


_PREVIEW = _Preview()


def preview(value):
    """One short line for `value`; never raises."""
    try:
        text = _PREVIEW.repr(value)
    except Exception as exc:
        text = '<%s: repr() failed with %s>' % (type(value).__name__, type(exc).__name__)
    text = ' '.join(text.split()) if '\n' in text else text
    return text if len(text) <= 240 else text[:237] + '...'


def type_name(value):
    return type(value).__name__


def _quiet(read):
    try:
        return read()
    except Exception:
        return None


def _own_attributes(value):
    """Public attributes stored on the object itself: no properties run."""
    own = _quiet(lambda: object.__getattribute__(value, '__dict__'))
    names = {k: v for k, v in own.items() if isinstance(k, str)} if isinstance(own, dict) else {}
    for klass in type(value).__mro__:
        slots = klass.__dict__.get('__slots__', ())
        for slot in (slots,) if isinstance(slots, str) else slots:
            with contextlib.suppress(Exception):
                names[slot] = object.__getattribute__(value, slot)
    return {k: v for k, v in names.items() if not k.startswith('_')}


def _children(value):
    """(name, child) pairs one level down, lazily."""
    if isinstance(value, dict):
        return ((key if isinstance(key, str) else safe_repr(key), child) for key, child in list(value.items()))
    if isinstance(value, (list, tuple)):
        return ((str(index), child) for index, child in enumerate(value))
    if isinstance(value, (set, frozenset)):
        return ((str(index), child) for index, child in enumerate(list(value)))
    if type_name(value) == 'DataFrame' and hasattr(value, 'columns'):
        return ((safe_str(column), value[column]) for column in list(value.columns))
    return iter(sorted(_own_attributes(value).items()))


def describe(name, value):
    """The MRP record of one variable."""
    info = {'name': name, 'type': type_name(value), 'value': preview(value)}
    simple = value is None or isinstance(value, (bool, int, float, complex, str, bytes))
    info['expandable'] = not simple and next(iter(_quiet(lambda: list(_first(_children(value), 1))) or ()), None) is not None
    shape = _quiet(lambda: getattr(value, 'shape', None)) if not simple else None
    if isinstance(shape, tuple) and all(isinstance(n, int) for n in shape):
        info['shape'] = list(shape)
        dtype = _quiet(lambda: getattr(value, 'dtype', None))
        if dtype is not None:
            info['dtype'] = safe_str(dtype)
    if isinstance(value, (str, bytes, list, tuple, set, frozenset, dict)):
        info['length'] = len(value)
    if isinstance(value, dict):
        info['keys'] = [safe_str(key)[:80] for key in list(value)[:20]]
    size = _quiet(lambda: getattr(value, 'nbytes', None)) if 'shape' in info else None
    size = size if isinstance(size, int) else _quiet(lambda: sys.getsizeof(value))
    if isinstance(size, int):
        info['size'] = size
    return info


def _first(items, count):
    for _, item in zip(range(count), items):
        yield item


# ---------------------------------------------------------------- displays

_REPR_METHODS = (
    ('_repr_html_', 'text/html'),
    ('_repr_markdown_', 'text/markdown'),
    ('_repr_svg_', 'image/svg+xml'),
    ('_repr_png_', 'image/png'),
    ('_repr_jpeg_', 'image/jpeg'),
    ('_repr_latex_', 'text/latex'),
    ('_repr_json_', 'application/json'),
)


def plain_text(value):
    """text/plain of a value: containers too long for a line are laid out."""
    text = safe_repr(value)
    if len(text) > 79 and isinstance(value, (list, tuple, dict, set, frozenset)):
        laid_out = _quiet(lambda: pprint.pformat(value, width=79, sort_dicts=False)) if len(text) < 200_000 else None
        return laid_out or text
    return text


def _png_size(data):
    if len(data) >= 24 and data[:8] == b'\x89PNG\r\n\x1a\n':
        width, height = struct.unpack('>II', data[16:24])
        return {'width': width, 'height': height}
    return None


def mime_bundle(value):
    """({mime: value}, metadata) of an object through its `_repr_*_` methods; `text/plain` is always there."""
    data, metadata = {}, {}
    figure = _matplotlib_png(value)
    if figure is not None:
        data['image/png'] = figure
    if not isinstance(value, type):
        _collect_reprs(value, data, metadata)
    data.setdefault('text/plain', plain_text(value))
    return data, metadata


def _collect_reprs(value, data, metadata):
    bundler = getattr(type(value), '_repr_mimebundle_', None)
    if callable(bundler):
        found = _quiet(lambda: bundler(value, include=None, exclude=None))
        found, extra = found if isinstance(found, tuple) else (found, {})
        data.update(found or {})
        metadata.update(extra or {})
    for method, mime in _REPR_METHODS:
        render = getattr(type(value), method, None)
        if mime in data or not callable(render):
            continue
        found = _quiet(lambda render=render: render(value))
        if isinstance(found, tuple):
            found, metadata[mime] = found
        if found is not None:
            data[mime] = found


def wire_bundle(data, metadata):
    """A bundle as it travels: bytes in base64 with their pixel size, text as text."""
    out, meta = {}, dict(metadata or {})
    for mime, value in (data or {}).items():
        if isinstance(value, bytes):
            size = _png_size(value) if mime == 'image/png' else None
            if size and mime not in meta:
                meta[mime] = size
            value = base64.b64encode(value).decode('ascii')
        elif mime == 'image/png' and isinstance(value, str) and mime not in meta:
            size = _quiet(lambda value=value: _png_size(base64.b64decode(value[:64] + '=' * (-len(value[:64]) % 4))))
            if size:
                meta[mime] = size
        out[mime] = value if mime.endswith('json') or isinstance(value, str) else safe_str(value)
    out.setdefault('text/plain', '')
    return out, meta


# ---------------------------------------------------------------- matplotlib

_BACKEND = 'markco_figures'


def _matplotlib_png(value):
    figures = sys.modules.get('matplotlib.figure')
    if figures is None or not isinstance(value, getattr(figures, 'Figure', ())):
        return None
    buffer = io.BytesIO()
    value.savefig(buffer, format='png', bbox_inches='tight')
    return buffer.getvalue()


class _FigureHook(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Makes ours matplotlib's default backend the moment matplotlib is imported, without importing it ourselves.

    An environment variable would do the same, but child processes would inherit it and lack the backend.
    """

    def __init__(self, show):
        self.show = show
        self.inner = None

    def find_spec(self, name, path=None, target=None):
        if name == _BACKEND:
            return importlib.util.spec_from_loader(name, self)
        if name != 'matplotlib' or self.inner is not None:
            return None
        self.inner = False
        spec = importlib.util.find_spec(name)
        if spec is None or spec.loader is None:
            self.inner = None
            return None
        self.inner = spec.loader
        spec.loader = self
        return spec

    def create_module(self, spec):
        return None if spec.name == _BACKEND else self.inner.create_module(spec)

    def exec_module(self, module):
        if module.__name__ == _BACKEND:
            _fill_backend(module, self.show)
            return
        module.__spec__.loader = module.__loader__ = self.inner
        self.inner.exec_module(module)
        if not os.environ.get('MPLBACKEND'):
            module.rcParams['backend'] = 'module://' + _BACKEND


def _fill_backend(module, show):
    from matplotlib.backend_bases import FigureManagerBase
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    def new_figure_manager_given_figure(num, figure):
        return FigureManagerBase(FigureCanvasAgg(figure), num)

    def new_figure_manager(num, *args, **kwargs):
        figure_class = kwargs.pop('FigureClass', Figure)
        return new_figure_manager_given_figure(num, figure_class(*args, **kwargs))

    module.FigureCanvas = FigureCanvasAgg
    module.FigureManager = FigureManagerBase
    module.new_figure_manager = new_figure_manager
    module.new_figure_manager_given_figure = new_figure_manager_given_figure
    module.show = lambda *args, **kwargs: show()


def open_figures(skip=None):
    """The open pyplot figures, which are closed by being taken."""
    pyplot = sys.modules.get('matplotlib.pyplot')
    if pyplot is None or not hasattr(pyplot, 'get_fignums'):
        return []
    if _BACKEND not in str(sys.modules['matplotlib'].rcParams._get_backend_or_none()
                           if hasattr(sys.modules['matplotlib'].rcParams, '_get_backend_or_none') else pyplot.get_backend()):
        return []
    figures = [pyplot.figure(number) for number in pyplot.get_fignums()]
    pyplot.close('all')
    return [figure for figure in figures if figure is not skip]


# ---------------------------------------------------------------- errors


def _clean_traceback(tb):
    """The traceback without our own frames and without what lies above the cell."""
    kept, seen = [], False
    while tb is not None:
        name = tb.tb_frame.f_code.co_filename
        seen = seen or name.startswith('<cell ')
        if seen and name not in OWN_FILES:
            kept.append(tb)
        tb = tb.tb_next
    rest = None
    for frame in reversed(kept):
        rest = types.TracebackType(rest, frame.tb_frame, frame.tb_lasti, frame.tb_lineno)
    return rest


def error_record(exc, cell_name):
    """{type, message, traceback[], line?, column?} with the lines of the cell."""
    seen, link = set(), exc
    clean = _clean_traceback(exc.__traceback__)
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        link.__traceback__ = _clean_traceback(link.__traceback__) if link.__traceback__ is not None else None
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
    text = ''.join(traceback.format_exception(type(exc), exc, clean))
    record = {'type': type(exc).__name__, 'message': safe_str(exc), 'traceback': text.rstrip('\n').split('\n')}
    if isinstance(exc, SyntaxError) and exc.filename == cell_name:
        record['message'] = exc.msg or safe_str(exc)
        record['line'], record['column'] = exc.lineno, exc.offset
    else:
        for frame, line in traceback.walk_tb(clean):
            if frame.f_code.co_filename == cell_name:
                record['line'] = line
    return record


# ---------------------------------------------------------------- completion and inspection

_DOTTED = re.compile(r'(?:[^\W\d]\w*\s*\.\s*)*(?:[^\W\d]\w*)?$')
_IMPORT = re.compile(r'^\s*(?:import\s+(?:[\w.]+\s*,\s*)*|from\s+)([\w.]*)$')
_FROM = re.compile(r'^\s*from\s+([\w.]+)\s+import\s+(?:[\w]+\s*,\s*)*(\w*)$')
_ATTRIBUTE = re.compile(r'\.\s*\w*$')  # IPython would run properties to complete these
_MISSING = object()


def static_get(value, name):
    """Attribute `name` without running properties or `__getattr__`; `_MISSING` when that cannot be told."""
    try:
        found = inspect.getattr_static(value, name)
    except AttributeError:
        return _MISSING
    if isinstance(found, (property, types.GetSetDescriptorType)) or type(found).__name__ == 'cached_property':
        return _MISSING
    if isinstance(found, (types.MemberDescriptorType, staticmethod, classmethod)) or callable(found):
        return _quiet(lambda: getattr(value, name)) if hasattr(type(found), '__get__') else found
    return found


def resolve(namespace, dotted):
    """The object behind `a.b.c`, or `_MISSING`."""
    names = [part.strip() for part in dotted.split('.')]
    value = namespace.get(names[0], getattr(builtins, names[0], _MISSING))
    for name in names[1:]:
        if value is _MISSING:
            break
        value = static_get(value, name)
    return value


def kind_of(value):
    if value is _MISSING:
        return 'property'
    if inspect.ismodule(value):
        return 'module'
    if inspect.isclass(value):
        return 'class'
    if inspect.ismethod(value):
        return 'method'
    return 'function' if callable(value) and hasattr(value, '__name__') else 'variable'


def signature_of(value):
    if not callable(value):
        return None
    text = _quiet(lambda: str(inspect.signature(value)))
    return getattr(value, '__name__', type_name(value)) + text if isinstance(text, str) else None


def _match(label, value, insert=None):
    match = {'label': label, 'insertText': insert or label, 'kind': kind_of(value)}
    if value is not _MISSING:
        match['type'] = type_name(value)
        detail = signature_of(value) if match['kind'] in ('function', 'method') else None
        if detail:
            match['detail'] = detail[:200]
        if match['kind'] == 'variable':
            match['valuePreview'] = preview(value)[:80]
    match['sortText'] = ('z' if label.startswith('_') else 'a') + label
    return match


def _module_names(prefix):
    package, _, stem = prefix.rpartition('.')
    if not package:
        names = {info.name for info in pkgutil.iter_modules()} | set(sys.builtin_module_names) | {n.split('.')[0] for n in list(sys.modules)}
        return 0, sorted(n for n in names if n.startswith(stem) and (stem.startswith('_') or not n.startswith('_')))
    module = sys.modules.get(package)
    path = getattr(module, '__path__', None) or getattr(_quiet(lambda: importlib.util.find_spec(package)), 'submodule_search_locations', None)
    return len(package) + 1, sorted(i.name for i in pkgutil.iter_modules(path or []) if i.name.startswith(stem))


def complete_names(namespace, code, index, deep=True):
    """(matches, start) for the name before `index`; runs none of the person's code."""
    line = code[code.rfind('\n', 0, index) + 1:index]
    found = _FROM.match(line)
    if found:
        module = sys.modules.get(found.group(1))
        names = [n for n in dir(module) if n.startswith(found.group(2))] if module else []
        return [_match(n, static_get(module, n)) for n in names], index - len(found.group(2))
    found = _IMPORT.match(line)
    if found:
        offset, names = _module_names(found.group(1))
        return [{'label': n, 'insertText': n, 'kind': 'module', 'sortText': n} for n in names], index - len(found.group(1)) + offset
    dotted = _DOTTED.search(line).group(0)
    owner, dot, stem = dotted.rpartition('.')
    stem = stem.strip()
    start = index - len(stem)
    if dot:
        return _attribute_matches(namespace, owner, stem, deep), start
    if not stem and line.strip():
        return [], start
    return _global_matches(namespace, stem), start


def _attribute_matches(namespace, owner, stem, deep):
    value = resolve(namespace, owner) if owner else _MISSING
    if value is _MISSING:
        return []
    names = dir(value) if deep or inspect.ismodule(value) or inspect.isclass(value) else dir(type(value)) + list(_own_attributes(value))
    names = sorted({n for n in names if isinstance(n, str) and n.startswith(stem) and (stem.startswith('_') or not n.startswith('_'))})
    return [_match(n, static_get(value, n)) for n in names[:500]]


def _global_matches(namespace, stem):
    matches = {}
    for name, value in list(namespace.items()):
        if name.startswith(stem) and (stem.startswith('_') or not name.startswith('_')):
            matches[name] = _match(name, value)
    for name in dir(builtins):
        if name.startswith(stem) and name not in matches and (stem.startswith('_') or not name.startswith('_')):
            matches[name] = _match(name, getattr(builtins, name))
            matches[name]['sortText'] = 'b' + name
    for name in keyword.kwlist:
        if name.startswith(stem) and name not in matches:
            matches[name] = {'label': name, 'insertText': name, 'kind': 'keyword', 'sortText': 'c' + name}
    return [matches[name] for name in sorted(matches)][:500]


def name_at(code, index):
    """The dotted name under the cursor, up to the end of the word the cursor is in."""
    line_start = code.rfind('\n', 0, index) + 1
    end = index
    while end < len(code) and (code[end].isalnum() or code[end] == '_'):
        end += 1
    dotted = _DOTTED.search(code[line_start:end]).group(0).strip()
    if not dotted and index > line_start and code[index - 1:index] == '(':
        return name_at(code, index - 1)
    return dotted.rstrip('.')


# ---------------------------------------------------------------- IPython


def start_ipython(kernel):
    """An InteractiveShell over the kernel's namespace for magics, completion and checks; None where IPython is missing.

    Its history file and profile go to a private temporary folder: a runtime leaves nothing in the person's home.
    """
    try:
        from IPython.core.displaypub import DisplayPublisher
        from IPython.core.interactiveshell import InteractiveShell
        from traitlets import Type
        from traitlets.config import Config
    except Exception:
        return None
    import atexit
    import shutil
    import tempfile

    class Publisher(DisplayPublisher):
        def publish(self, data, metadata=None, *args, transient=None, update=False, **kwargs):
            kernel.publish(data, metadata, (transient or {}).get('display_id'), update)

        def clear_output(self, wait=False):
            kernel.clear_output(wait)

    class Shell(InteractiveShell):
        display_pub_class = Type(Publisher)
        system = InteractiveShell.system_raw  # a terminal in between would mix stderr in and write \r\n

        def enable_gui(self, gui=None):
            return None

        def _showtraceback(self, etype, evalue, stb):
            print('\n'.join(stb), file=sys.stderr)

    folder = tempfile.mkdtemp(prefix='markco-ipython-')
    atexit.register(shutil.rmtree, folder, True)
    config = Config()
    config.HistoryManager.enabled = False
    config.HistoryManager.hist_file = ':memory:'
    config.InteractiveShell.colors = 'NoColor'
    config.InteractiveShell.warn_venv = False
    config.Completer.use_jedi = False
    shell = Shell.instance(config=config, user_module=kernel.module, user_ns=kernel.namespace, ipython_dir=folder)
    shell.display_formatter.formatters['image/png'].for_type_by_name('matplotlib.figure', 'Figure', _matplotlib_png)
    return shell


def _ipython_matches(shell, code, index):
    from IPython.core.completer import provisionalcompleter

    with provisionalcompleter():
        found = list(_first(shell.Completer.completions(code, index), 500))
    if not found:
        return [], index
    start = min(item.start for item in found)
    kinds = {'instance': 'variable', 'statement': 'variable', 'param': 'variable', 'path': 'file'}
    matches = []
    for item in found:
        insert = code[start:item.start] + item.text
        match = {'label': item.text, 'insertText': insert, 'kind': kinds.get(item.type, 'variable' if '<' in (item.type or '<') else item.type)}
        if getattr(item, 'signature', ''):
            match['detail'] = item.text + item.signature
        matches.append(match)
    return matches, start


# ---------------------------------------------------------------- the kernel: one namespace

_FUTURES = 0
for _feature in __future__.all_feature_names:
    _FUTURES |= getattr(__future__, _feature).compiler_flag
_AWAIT = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT


class Transcript:
    """What was printed, bounded: the beginning and the end survive."""

    def __init__(self, limit):
        self.limit = limit
        self.head, self.tail, self.hidden = [], [], 0
        self.room, self.tail_size = limit // 2, 0

    def add(self, text):
        if self.room > 0:
            self.head.append(text[:self.room])
            text = text[self.room:]
            self.room -= len(self.head[-1])
            if not text:
                return
        # A list: adding to a long string would copy it with every print.
        self.tail.append(text)
        self.tail_size += len(text)
        if self.tail_size > self.limit:
            keep = self.limit // 2
            self.hidden += self.tail_size - keep
            self.tail = [''.join(self.tail)[-keep:]]
            self.tail_size = len(self.tail[0])

    def text(self):
        middle = '\n... %d characters hidden ...\n' % self.hidden if self.hidden else ''
        return ''.join(self.head) + middle + ''.join(self.tail)


class CellRecord:
    """What one execution has produced so far."""

    def __init__(self, exec_id, transcript_limit):
        self.exec_id = exec_id
        self.limit = transcript_limit
        self.assets, self.warnings, self.imports = [], [], []
        self.wipe()

    def wipe(self):
        """clear_output(): what was shown so far is gone."""
        self.out = {'stdout': Transcript(self.limit), 'stderr': Transcript(self.limit)}
        self.displays, self.display_size = [], 0
        self.clearing = False

    def show(self, event, size):
        """Keeps one display for the result, in the place of the one it updates."""
        if self.clearing:
            self.wipe()
        about = event['metadata']
        if about.get('update') or about.get('more'):
            same = [i for i, old in enumerate(self.displays) if old['metadata'].get('display_id') == about['display_id']]
            for i in same:
                self.displays[i] = event
            if same:
                return
        if self.display_size + size <= self.limit:
            self.display_size += size
            self.displays.append(event)


class DisplayHandle:
    """What `display(..., display_id=...)` answers: shows something else in its place."""

    def __init__(self, kernel, display_id):
        self._kernel, self.display_id = kernel, display_id

    def __repr__(self):
        return '<DisplayHandle display_id=%s>' % self.display_id

    def display(self, value, **kwargs):
        self._kernel.display(value, display_id=self.display_id, **kwargs)

    def update(self, value, **kwargs):
        self._kernel.display(value, display_id=self.display_id, update=True, **kwargs)


class Kernel:
    """One namespace and what can be done with it. `host` carries it: emit(event, data), ask(prompt, password) -> str,
    user_code() -> context manager inside which an interrupt may strike."""

    def __init__(self, host):
        self.host = host
        self.module = types.ModuleType('__main__')
        self.namespace = self.module.__dict__
        self.namespace.update({'__builtins__': builtins, '__name__': '__main__', '__doc__': None})
        self.shell = None
        self.record = None
        self.count = self.revision = self.cells = 0
        self.flags = 0
        self.history_entries = []
        self.assets = {}
        self.allow_stdin = True
        self.result_figure = None
        self._install_builtins()
        sys.meta_path.insert(0, _FigureHook(self.show_figures))
        self.initial = dict(self.namespace)

    def load_ipython(self):
        """Adds IPython where it can be imported. Called on the thread that runs cells."""
        self.shell = start_ipython(self)
        self._install_builtins()
        self.initial = dict(self.namespace)

    def _install_builtins(self):
        import getpass

        builtins.display, builtins.clear_output = self.display, self.clear_output
        builtins.input = self.ask_line
        getpass.getpass = lambda prompt='Password: ', stream=None, **_: self.ask(prompt, True)

    # -- input

    def ask_line(self, prompt='', /):
        return self.ask(prompt, False)

    def ask(self, prompt, password):
        """input() and getpass(): one line from whoever watches the run."""
        if self.record is None or not self.allow_stdin:
            raise RuntimeError('input() is not available here: this cell was started without anyone to ask.')
        return self.host.ask(str(prompt), password)

    # -- displays

    def display(self, *values, raw=False, metadata=None, display_id=None, update=False, **_):
        """Shows values as richly as they can be shown. With `display_id` (True: a new one) it answers a handle to show something else
        in the same place; `update=True` does so for an id that is shown already."""
        if display_id is True:
            display_id = os.urandom(16).hex()
        if update and not display_id:
            raise TypeError('display(update=True) needs a display_id')
        for value in values:
            data, meta = (value, {}) if raw else self.bundle(value)
            if data:
                self.publish(data, dict(meta, **(metadata or {})), display_id, update)
        return DisplayHandle(self, display_id) if display_id else None

    def clear_output(self, wait=False):
        """Takes away what the cell has shown so far; with `wait` when the next thing is shown, so that nothing flickers."""
        record = self.record
        if record is None:
            return
        if wait:
            record.clearing = True
        else:
            record.wipe()
        self.host.emit('display', {'data': {}, 'metadata': {'clear_output': True, 'wait': bool(wait)}})

    def bundle(self, value):
        if self.shell is None:
            return mime_bundle(value)
        return self.shell.display_formatter.format(value)

    def publish(self, data, metadata=None, display_id=None, update=False):
        """Sends one display; variants above the size limit go as assets, as parts of it where it has an id."""
        record = self.record
        if record is None:
            return
        data, metadata = wire_bundle(data, metadata)
        how = {'update': True} if update else {}
        for mime in [m for m, v in data.items() if isinstance(v, str) and len(v) > MAX_INLINE_BYTES]:
            if self._publish_asset(mime, data.pop(mime), dict(how, displayId=str(display_id)) if display_id else {}):
                how = {'more': True}
            data.setdefault('text/plain', '')
        if display_id:
            metadata = dict(metadata, display_id=str(display_id), **how)
        event = {'data': data, 'metadata': metadata}
        record.show(event, sum(len(v) if isinstance(v, str) else 200 for v in data.values()))
        self.host.emit('display', event)

    def _publish_asset(self, mime, text, about):
        """True when it went out; one that is too large to keep is left out, in words."""
        import uuid

        packed = mime.startswith('image/') and mime != 'image/svg+xml'
        body = b'' if len(text) > 2 * MAX_ASSET_BYTES else base64.b64decode(text) if packed else text.encode('utf-8', 'replace')
        if not body or len(body) > MAX_ASSET_BYTES:
            self.warn('An output of %d MB (%s) was left out: one may have %d MB. Write it to a file instead.'
                      % (len(text) // 1_000_000, mime, MAX_ASSET_BYTES // 1_000_000))
            return False
        asset_id = uuid.uuid4().hex
        self.assets[asset_id] = (mime, body)
        while len(self.assets) > 1 and sum(len(b) for _, b in self.assets.values()) > MAX_ASSET_BYTES:
            self.assets.pop(next(iter(self.assets)))
        kind = 'image' if mime.startswith('image/') else 'html' if mime == 'text/html' else 'text'
        asset = {'id': asset_id, 'url': '/mrp/v1/assets/' + asset_id, 'mimeType': mime, 'assetType': kind, 'size': len(body)}
        self.record.assets.append(asset)
        self.host.emit('asset', dict(asset, **about))
        return True

    def show_figures(self):
        """Sends and closes the open figures: plt.show(), and the end of a cell."""
        for figure in open_figures(self.result_figure):
            self.publish(*mime_bundle(figure))

    # -- running a cell

    def written(self, stream, text):
        """Called for every piece of output of the running cell, before it is sent."""
        record = self.record
        if record is not None:
            if record.clearing:
                record.wipe()
            record.out[stream].add(text)

    def run(self, code, exec_id, store_history=True, allow_stdin=True, transcript_limit=262_144):
        """Runs one cell. A generator: yields coroutines that its driver must finish, returns the MRP result object."""
        started = time.perf_counter()
        self.record = record = CellRecord(exec_id, transcript_limit)
        self.allow_stdin = allow_stdin
        self.cells += 1
        cell = '<cell %d>' % self.cells
        error = value_text = None
        try:
            value_text = yield from self._run_steps(code, cell)
        except BaseException as exc:
            error = error_record(exc, cell)
        if store_history and code.strip():
            self.count += 1
            self.history_entries.append(code)
        self.revision += 1
        return self._result(record, error, value_text, started)

    def _run_steps(self, code, cell):
        linecache.cache[cell] = (len(code), None, [line + '\n' for line in code.split('\n')], cell)
        body, last = self._compile(code, cell)
        self._trigger('pre_execute')
        text = None
        try:
            if body is not None:
                yield from self._step(body)
            if last is not None:
                value = yield from self._step(last)
                text = self._show_result(value)
        finally:
            self._end_of_cell()
        return text

    def _step(self, code):
        if code.co_flags & inspect.CO_COROUTINE:
            return (yield eval(code, self.namespace))
        with self.host.user_code():
            return eval(code, self.namespace)

    def _compile(self, code, cell):
        source = self.shell.transform_cell(code) if self.shell is not None else code
        if source != code:
            linecache.cache[cell] = (len(source), None, [line + '\n' for line in source.split('\n')], cell)
        flags = self.flags | _AWAIT
        tree = compile(source, cell, 'exec', flags | ast.PyCF_ONLY_AST, True)
        self.record.imports = _imports(tree)
        last = None
        if tree.body and isinstance(tree.body[-1], ast.Expr):
            expression = tree.body.pop()
            if _ends_with_semicolon(source):
                tree.body.append(expression)
            else:
                last = ast.Expression(expression.value)
        body = compile(tree, cell, 'exec', flags, True) if tree.body else None
        if body is not None:
            self.flags |= body.co_flags & _FUTURES
        return body, compile(last, cell, 'eval', flags | self.flags, True) if last is not None else None

    def _show_result(self, value):
        if value is None:
            return None
        space = self.namespace
        space['___'], space['__'], space['_'] = space.get('__'), space.get('_'), value
        with self.host.user_code():
            data, metadata = self.bundle(value)
        figures = sys.modules.get('matplotlib.figure')
        if figures is not None and isinstance(value, getattr(figures, 'Figure', ())):
            self.result_figure = value
        if not data:
            return None
        self.publish(data, metadata)
        return data.get('text/plain')

    def _end_of_cell(self):
        try:
            self._trigger('post_execute')
            self.show_figures()
        except Exception as exc:
            self.warn('A figure could not be drawn: %s: %s' % (type(exc).__name__, safe_str(exc)))
        finally:
            self.result_figure = None

    def _trigger(self, name):
        if self.shell is not None:
            self.shell.events.trigger(name)

    def warn(self, message):
        self.record.warnings.append({'message': message})
        self.host.emit('warning', {'message': message})

    def _result(self, record, error, value_text, started):
        return {
            'success': error is None,
            'stdout': record.out['stdout'].text(),
            'stderr': record.out['stderr'].text(),
            'result': value_text,
            'error': error,
            'displayData': record.displays,
            'assets': record.assets,
            'executionCount': self.count,
            'stateRevision': self.revision,
            'duration': round((time.perf_counter() - started) * 1000, 3),
            'imports': record.imports,
            'warnings': record.warnings,
        }

    # -- looking at it

    def complete(self, code, cursor, deep=True):
        """MRP complete; with deep=False only what is safe beside a running cell."""
        index = utf16_to_index(code, cursor)
        (matches, start), source = complete_names(self.namespace, code, index, deep), 'runtime'
        if not matches and self.shell is not None and deep and not _ATTRIBUTE.search(code[:index]):
            matches, start = _quiet(lambda: _ipython_matches(self.shell, code, index)) or ([], index)
            source = 'ipython'
        return {'matches': matches, 'cursorStart': index_to_utf16(code, start), 'cursorEnd': index_to_utf16(code, index), 'source': source}

    def inspect(self, code, cursor, detail=0):
        name = name_at(code, utf16_to_index(code, cursor))
        value = resolve(self.namespace, name) if name else _MISSING
        if value is _MISSING:
            return {'found': False, 'name': name or ''}
        info = {'found': True, 'name': name, 'kind': kind_of(value), 'type': type_name(value), 'signature': signature_of(value)}
        info['docstring'] = _quiet(lambda: inspect.getdoc(value))
        info['value'] = preview(value)
        try:
            info['file'] = inspect.getsourcefile(value)
            lines, info['line'] = inspect.getsourcelines(value)
            if detail:
                info['sourceCode'] = ''.join(lines)
        except Exception:
            info.setdefault('file', None)
        info['children'] = [describe(n, v) for n, v in _first(_children(value), 50)] if detail else []
        return info

    def hover(self, code, cursor):
        found = self.inspect(code, cursor)
        if not found['found']:
            return found
        return {key: found.get(key) for key in ('found', 'name', 'type', 'value', 'signature', 'docstring')}

    def _visible(self):
        hidden = set(self.initial) | (set(self.shell.user_ns_hidden) if self.shell is not None else set())
        for name, value in list(self.namespace.items()):
            if name.startswith('_') or (name in hidden and self.initial.get(name) is value):
                continue
            if not isinstance(value, (types.ModuleType, types.FunctionType, types.BuiltinFunctionType, type)):
                yield name, value

    def variables(self, limit=500):
        found = sorted(self._visible(), key=lambda item: item[0].lower())
        return {'variables': [describe(n, v) for n, v in found[:limit]], 'count': len(found), 'truncated': len(found) > limit}

    def variable(self, name, path=None):
        """One variable or, along `path`, something inside it. KeyError when there is no such thing."""
        value = self.namespace[name]
        label = name
        for part in path or []:
            value, label = _child(value, part), str(part)
        info = describe(label, value)
        full = value if isinstance(value, str) else safe_repr(value)
        info['fullValue'] = full[:65_536]
        info['children'] = [describe(n, v) for n, v in _first(_children(value), 200)]
        names = [n for n in dir(value) if not n.startswith('_')] if not isinstance(value, (dict, list, tuple, set, str, int, float)) else []
        kinds = {n: static_get(value, n) for n in names[:300]}
        info['methods'] = [n for n in kinds if kinds[n] is not _MISSING and callable(kinds[n])]
        info['attributes'] = [n for n in kinds if n not in info['methods']]
        return info

    def is_complete(self, code):
        if self.shell is not None:
            status, indent = self.shell.check_complete(code)
            return {'status': status, 'indent': indent or ''}
        compiler = codeop.CommandCompiler()
        compiler.compiler.flags |= _AWAIT | self.flags
        try:
            whole = compiler(code + '\n', '<input>', 'exec') is not None
        except (SyntaxError, ValueError, OverflowError):
            return {'status': 'invalid', 'indent': ''}
        if whole:
            return {'status': 'complete', 'indent': ''}
        line = code.rstrip().rsplit('\n', 1)[-1]
        indent = line[:len(line) - len(line.lstrip())] + ('    ' if line.endswith(':') else '')
        return {'status': 'incomplete', 'indent': indent}

    def format(self, code):
        try:
            import black

            formatted = black.format_str(code, mode=black.Mode()).rstrip('\n')
        except Exception:
            return {'formatted': code, 'changed': False}
        return {'formatted': formatted, 'changed': formatted != code}

    def history(self, n=50, pattern=None, before=None):
        entries = [{'historyIndex': i, 'code': c} for i, c in enumerate(self.history_entries)]
        if before is not None:
            entries = [e for e in entries if e['historyIndex'] < before]
        if pattern:
            glob = pattern if any(c in pattern for c in '*?[') else '*%s*' % pattern
            entries = [e for e in entries if fnmatch.fnmatchcase(e['code'], glob)]
        n = max(1, min(int(n or 50), 1000))
        return {'entries': entries[-n:], 'hasMore': len(entries) > n}

    def reset(self):
        self.namespace.clear()
        self.namespace.update(self.initial)
        self.flags = 0
        self.revision += 1
        return {'state': 'idle', 'stateRevision': self.revision, 'executionCount': self.count}


def _child(value, part):
    part = part[1:-1] if isinstance(part, str) and part.startswith('[') and part.endswith(']') else part
    if isinstance(value, dict):
        if part in value:
            return value[part]
        return next(child for key, child in value.items() if str(key) == str(part) or safe_repr(key) == part)
    if isinstance(value, (list, tuple)):
        return value[int(part)]
    for name, child in _children(value):
        if name == str(part):
            return child
    found = static_get(value, str(part))
    if found is _MISSING:
        raise KeyError(part)
    return found


def _imports(tree):
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.append(node.module)
    return sorted(set(found))


def _ends_with_semicolon(source):
    import tokenize

    last = None
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type not in (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.ENDMARKER, tokenize.DEDENT, tokenize.INDENT):
                last = token
    except (tokenize.TokenError, SyntaxError):
        return False
    return last is not None and last.string == ';'


# ---------------------------------------------------------------- interrupts


class Interrupts:
    """SIGINT becomes KeyboardInterrupt inside the person's code alone, and never in the middle of ours."""

    def __init__(self):
        self.owner, self.main = os.getpid(), threading.get_ident()
        self.armed = self.pending = self.early = False
        self.shielded = 0
        self.seen = threading.Event()
        with contextlib.suppress(ValueError, AttributeError, OSError):
            signal.signal(signal.SIGINT, self.strike)

    def strike(self, signum=None, frame=None):
        self.seen.set()
        if os.getpid() != self.owner:
            raise KeyboardInterrupt
        if not self.armed:
            self.early = True
            return
        if self.shielded:
            self.pending = True
            return
        raise KeyboardInterrupt

    @contextlib.contextmanager
    def user_code(self):
        self.armed = True
        try:
            if self.early:
                raise KeyboardInterrupt
            yield
        finally:
            self.armed = self.pending = self.early = False

    def begin(self):
        """Forgets what struck before this job; what strikes from now on, before its code runs, is kept for it."""
        self.early = False

    def shield(self):
        return _Shield(self)

    def leave(self):
        self.shielded -= 1
        if self.pending and not self.shielded:
            self.pending = False
            if self.armed:
                raise KeyboardInterrupt


class _Shield:
    """A short stretch of our own code on the main thread that an interrupt waits for."""

    def __init__(self, interrupts):
        self.interrupts = interrupts

    def __enter__(self):
        if threading.get_ident() == self.interrupts.main:
            self.interrupts.shielded += 1

    def __exit__(self, *_):
        if threading.get_ident() == self.interrupts.main:
            self.interrupts.leave()


# ---------------------------------------------------------------- output capture


class CellStream(io.TextIOBase):
    """sys.stdout / sys.stderr of the cells: writes go straight out; a forked child falls back to the descriptor."""

    def __init__(self, name, emit, descriptor=None):
        self.label, self.emit, self.descriptor = name, emit, descriptor
        self.owner = os.getpid()
        self.name = '<%s>' % name
        self._bytes = None

    encoding = 'utf-8'
    errors = 'replace'

    def writable(self):
        return True

    def isatty(self):
        return False

    def fileno(self):
        if self.descriptor is None:
            raise io.UnsupportedOperation('fileno')
        return self.descriptor

    @property
    def buffer(self):
        if self._bytes is None:
            self._bytes = _BytesSide(self)
        return self._bytes

    def reconfigure(self, **_):
        return None

    def close(self):
        return None

    def write(self, text):
        if not isinstance(text, str):
            raise TypeError('write() argument must be str, not %s' % type(text).__name__)
        if text:
            if self.descriptor is not None and os.getpid() != self.owner:
                _write_all(self.descriptor, text.encode('utf-8', 'replace'))
            else:
                self.emit(self.label, text)
        return len(text)


class _BytesSide(io.BufferedIOBase):
    def __init__(self, stream):
        self.stream = stream
        self.decoder = codecs.getincrementaldecoder('utf-8')('replace')

    def writable(self):
        return True

    def fileno(self):
        return self.stream.fileno()

    def close(self):
        return None

    def write(self, data):
        data = bytes(data)
        self.stream.write(self.decoder.decode(data))
        return len(data)


class CellInput(io.TextIOBase):
    """sys.stdin of the cells: reading a line asks the person."""

    def __init__(self, kernel):
        self.kernel = kernel

    encoding = 'utf-8'

    def readable(self):
        return True

    def isatty(self):
        return False

    def close(self):
        return None

    def readline(self, size=-1):
        try:
            return self.kernel.ask('', False) + '\n'
        except EOFError:
            return ''

    def read(self, size=-1):
        return ''.join(iter(self.readline, ''))


def _write_all(descriptor, data):
    while data:
        try:
            data = data[os.write(descriptor, data):]
        except BlockingIOError:
            time.sleep(0.005)


class _Pipe:
    """What child processes and C code write to descriptor 1 or 2."""

    def __init__(self, name, descriptor):
        self.name = name
        self.reader, writer = os.pipe()
        os.dup2(writer, descriptor)
        os.close(writer)
        self.decoder = codecs.getincrementaldecoder('utf-8')('replace')
        if os.name != 'nt':
            os.set_blocking(self.reader, False)

    def take(self):
        """Whatever is there now, decoded; '' when nothing is."""
        try:
            return self.decoder.decode(os.read(self.reader, 65_536))
        except OSError as exc:
            if exc.errno in (errno.EAGAIN, errno.EWOULDBLOCK, errno.EINTR):
                return ''
            raise


def _readable(pipes):
    """A function that waits until one of the pipes has something, `timeout` ms (None: for ever, 0: only looks), and says whether."""
    import select

    if not hasattr(select, 'poll'):
        readers = [pipe.reader for pipe in pipes]
        return lambda timeout: select.select(readers, [], [], timeout)[0]
    poller = select.poll()
    for pipe in pipes:
        poller.register(pipe.reader, select.POLLIN)
    return poller.poll


def _size_of_bundle(data):
    return sum(len(value) for value in data['data'].values() if isinstance(value, str)) if 'data' in data else 0


class EventStream:
    """Events on their way to one reader. Output is merged with its neighbour; `room` holds a printer back while a slow reader
    catches up, so that memory stays bounded (RU18)."""

    def __init__(self):
        self.items, self.size = collections.deque(), 0
        self.lock = threading.RLock()
        self.ready = threading.Condition(self.lock)
        self.closed = self.detached = self.breathing = self.waiting = False
        self.last_output = 0.0

    def put(self, event, data):
        with self.lock:
            if self.detached or self.closed:
                return
            length = 256 + _size_of_bundle(data)
            self.items.append([event, data, length])
            self.size += length
            if self.waiting:
                self.ready.notify()

    def put_text(self, event, text):
        """Output: a cell may print a hundred thousand lines a second, so this is short."""
        with self.lock:
            if self.detached or self.closed:
                return
            items, length = self.items, len(text)
            if items and items[-1][0] == event and items[-1][2] < COALESCE:
                last = items[-1]
                last[1].append(text)
                last[2] += length
            else:
                items.append([event, [text], length])
            self.size += length
            if self.waiting and (not self.breathing or self.size >= COALESCE):
                self.ready.notify()

    def room(self):
        """Waits while too much is queued. Polls, because a KeyboardInterrupt inside a Condition.wait can break its lock."""
        while self.size > HIGH_WATER and not self.detached:
            time.sleep(0.004)

    def take(self, timeout):
        """The next event, None after `timeout` seconds, raises EOFError at the end."""
        with self.ready:
            if not self.items and not self.closed:
                self._wait(timeout)
            self._breathe()
            if self.items:
                event, data, size = self.items.popleft()
                self.size -= size
                if isinstance(data, list):
                    self.last_output = time.monotonic()
                    data = {'content': ''.join(data)}
                return event, data
            if self.closed:
                raise EOFError
            return None

    def _breathe(self):
        """Under load, output is sent in pieces some milliseconds apart; the first piece goes at once."""
        self.breathing = True
        while len(self.items) == 1 and self.items[0][0] in ('stdout', 'stderr') and self.size < COALESCE and not self.closed:
            left = self.last_output + BREATH_SECONDS - time.monotonic()
            if left <= 0 or not self._wait(left):
                break
        self.breathing = False

    def _wait(self, timeout):
        self.waiting = True
        try:
            return self.ready.wait(timeout)
        finally:
            self.waiting = False

    def finish(self):
        with self.ready:
            self.closed = True
            self.ready.notify_all()

    def detach(self):
        """The reader went away: the code keeps running, its output has nowhere to go."""
        with self.ready:
            self.detached, self.size = True, 0
            self.items.clear()


# ---------------------------------------------------------------- the engine: the main thread runs cells, one at a time


class Busy(Exception):
    def __init__(self, exec_id):
        super().__init__(exec_id)
        self.exec_id = exec_id


class Unavailable(Exception):
    """The question cannot be answered now (a cell runs, or the answer took too long)."""


class Job:
    def __init__(self, exec_id, code, store_history, allow_stdin, transcript_limit):
        self.exec_id, self.code = exec_id, code
        self.store_history, self.allow_stdin, self.transcript_limit = store_history, allow_stdin, transcript_limit
        self.stream, self.result = EventStream(), None
        self.cancelled = False
        self.started = False


class Question:
    """An introspection call, answered on the main thread between cells so that it never races with one."""

    def __init__(self, call):
        self.call = call
        self.done = threading.Event()
        self.answer = self.error = None
        self.started = self.abandoned = False


class PendingInput:
    def __init__(self, exec_id):
        self.exec_id = exec_id
        self.text = None
        self.state = 'waiting'
        self.gate = threading.Lock()
        self.gate.acquire()


class Engine:
    """Owns the kernel, the captured output and the main thread."""

    def __init__(self):
        import asyncio
        import queue

        self.began = time.time()
        self.interrupts = Interrupts()
        self.lock = threading.Lock()
        self.output_lock = threading.Lock()
        self.jobs = queue.SimpleQueue()
        self.current = None
        self.question = None
        self.pending_input = None
        self.kernel = Kernel(self)
        sys.modules['__main__'] = self.kernel.module
        self.loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self.loop)
        self.pipes = [_Pipe('stdout', 1), _Pipe('stderr', 2)]
        self.look = _readable(self.pipes) if os.name != 'nt' else None
        sys.stdout = sys.__stdout__ = CellStream('stdout', self.write, 1)
        sys.stderr = sys.__stderr__ = CellStream('stderr', self.write, 2)
        sys.stdin = sys.__stdin__ = CellInput(self.kernel)
        for pump in ([self._watch_pipes] if os.name != 'nt' else [lambda p=p: self._read_pipe(p) for p in self.pipes]):
            threading.Thread(target=pump, name='markco-output', daemon=True).start()

    # -- host of the kernel

    def user_code(self):
        return self.interrupts.user_code()

    def emit(self, event, data):
        job = self.current
        if job is None:
            return
        with self.interrupts.shield(), self.output_lock:
            self._pump()
            job.stream.put(event, data)
        job.stream.room()

    def write(self, name, text):
        job = self.current
        if job is None:
            return
        text = text if text.isascii() else text.encode('utf-8', 'replace').decode('utf-8')
        stream, interrupts = job.stream, self.interrupts
        # The shield, written out: a cell may print a hundred thousand lines a second.
        shielded = threading.get_ident() == interrupts.main
        if shielded:
            interrupts.shielded += 1
        try:
            with self.output_lock:
                if self.look is not None and self.look(0):
                    self._pump()
                if len(text) > 65_536:
                    self._put_output(job, name, text)
                else:
                    self.kernel.written(name, text)
                    stream.put_text(name, text)
        finally:
            if shielded:
                interrupts.leave()
        if stream.size > HIGH_WATER:
            stream.room()

    def _put_output(self, job, name, text):
        self.kernel.written(name, text)
        for start in range(0, len(text), 65_536):
            job.stream.put_text(name, text[start:start + 65_536])

    def ask(self, prompt, password):
        """Blocks the cell until a line comes, the question is cancelled or the cell is interrupted."""
        job = self.current
        pending = PendingInput(job.exec_id)
        self.pending_input = pending
        try:
            self.emit('stdin_request', {'prompt': prompt, 'password': bool(password), 'execId': job.exec_id})
            pending.gate.acquire()
        finally:
            self.pending_input = None
        if pending.state == 'cancelled':
            raise EOFError('The question was dismissed without an answer.')
        return pending.text

    # -- descriptors 1 and 2

    def _pump(self):
        """Takes what children have written so far, so that it keeps its place among our own writes."""
        if self.look is None or not self.look(0):
            return
        for pipe in self.pipes:
            for _ in range(16):
                text = pipe.take()
                if not text:
                    break
                if self.current is not None:
                    self._put_output(self.current, pipe.name, text)

    def _watch_pipes(self):
        wait = _readable(self.pipes)
        while True:
            wait(None)
            with self.output_lock:
                self._pump()
            job = self.current
            if job is not None:
                job.stream.room()

    def _read_pipe(self, pipe):
        while True:
            text = pipe.decoder.decode(os.read(pipe.reader, 65_536))
            job = self.current
            if job is not None:
                with self.output_lock:
                    self._put_output(job, pipe.name, text)
                job.stream.room()

    # -- what HTTP threads call

    def begin(self, job):
        with self.lock:
            if self.current is not None:
                raise Busy(self.current.exec_id)
            self.current = job
        self.jobs.put(job)

    def state(self):
        return 'idle' if self.current is None else 'waiting_input' if self.pending_input is not None else 'busy'

    def answer_input(self, exec_id, text=None, cancel=False):
        with self.lock:
            pending = self.pending_input
            if pending is None or pending.exec_id != exec_id or pending.state != 'waiting':
                return False
            pending.state = 'cancelled' if cancel else 'answered'
            pending.text = text
        pending.gate.release()
        return True

    def interrupt(self):
        job = self.current
        if job is None:
            return False
        if not job.started:
            job.cancelled = True
        self._signal_main()
        return True

    def _signal_main(self):
        """SIGINT for us and our children, as Ctrl-C would."""
        self.interrupts.seen.clear()
        self._send_sigint()
        if not self.interrupts.seen.wait(0.05):
            threading.Thread(target=self._insist, args=(self.current,), daemon=True).start()

    def _insist(self, job):
        """os.system() ignores SIGINT while it waits: signals its child until it ends, then sets our own flag."""
        import _thread

        _thread.interrupt_main()
        for _ in range(50):
            if self.interrupts.seen.wait(0.1) or self.current is not job:
                return
            self._send_sigint()

    def _send_sigint(self):
        if hasattr(os, 'killpg') and os.getpgrp() == os.getpid():
            os.killpg(os.getpgrp(), signal.SIGINT)
        elif hasattr(signal, 'pthread_kill'):
            signal.pthread_kill(self.interrupts.main, signal.SIGINT)

    def question_answer(self, call, timeout=INTROSPECT_SECONDS):
        """Runs `call` on the main thread. Unavailable while a cell runs or when it takes too long."""
        if self.current is not None:
            raise Unavailable
        question = Question(call)
        self.jobs.put(question)
        if not question.done.wait(timeout):
            question.abandoned = True
            if question.started and self.question is question:
                self._signal_main()
            raise Unavailable
        if question.error is not None:
            raise question.error
        return question.answer

    # -- the main thread

    def run_forever(self):
        self.kernel.load_ipython()
        while True:
            job = self.jobs.get()
            try:
                self._answer(job) if isinstance(job, Question) else self._execute(job)
            except KeyboardInterrupt:
                continue

    def _answer(self, question):
        if question.abandoned:
            return
        self.interrupts.begin()
        self.question = question
        question.started = True
        try:
            with self.interrupts.user_code():
                question.answer = question.call()
        except BaseException as exc:
            question.error = exc if isinstance(exc, Exception) else Unavailable()
        finally:
            self.question = None
            question.done.set()

    def _execute(self, job):
        self.interrupts.begin()
        job.started = True
        job.stream.put('start', {'execId': job.exec_id, 'timestamp': time.time()})
        try:
            result = self._drive(self.kernel.run(job.code, job.exec_id, job.store_history, job.allow_stdin, job.transcript_limit), job)
        except BaseException as exc:
            result = {'success': False, 'error': error_record(exc, '')}
        if os.getpid() != self.interrupts.owner:
            os._exit(0)
        with self.output_lock:
            self._pump()
            self._flush_transcripts(result)
            self.kernel.record = None
            self.current = None
        job.result = result
        if result['error'] is None:
            job.stream.put('result', result)
        else:
            job.stream.put('error', dict(result['error'], executionCount=result.get('executionCount'), duration=result.get('duration')))
        job.stream.put('done', {})
        job.stream.finish()

    def _flush_transcripts(self, result):
        """What children wrote after the last print belongs to the result too."""
        record = self.kernel.record
        if record is not None:
            result['stdout'], result['stderr'] = record.out['stdout'].text(), record.out['stderr'].text()

    def _drive(self, steps, job):
        """Finishes the coroutines a cell awaits, on one loop that lives as long as the namespace."""
        answer, failure = None, KeyboardInterrupt() if job.cancelled else None
        if failure is not None:
            next(_fail(failure))
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


def _fail(exc):
    raise exc
    yield


FEATURES = ('execute', 'executeStream', 'interrupt', 'complete', 'inspect', 'hover', 'variables', 'variableExpand', 'reset',
            'isComplete', 'format', 'history', 'assets')


def features():
    """What can be asked of this runtime, by name, as it is now: black may come with a cell, and without it `format` changes nothing."""
    return {name: name != 'format' or _can_format() for name in FEATURES}


def _can_format():
    loaded = sys.modules.get('black')
    if loaded is not None:
        return hasattr(loaded, 'format_str')
    spec = _quiet(lambda: importlib.util.find_spec('black'))
    return spec is not None and spec.origin is not None  # a mere folder of that name has no origin


def question_call(kernel, name, body):
    """A question of the sandboxes' line protocol as a call; an asset is (media type, base64). Raises KeyError for an unknown name."""
    code, cursor = body.get('code'), body.get('cursor')
    return {
        'complete': lambda: kernel.complete(code, cursor),
        'inspect': lambda: kernel.inspect(code, cursor, body.get('detail') or 0),
        'hover': lambda: kernel.hover(code, cursor),
        'variables': kernel.variables,
        'variable': lambda: kernel.variable(body['name'], body.get('path')),
        'is_complete': lambda: kernel.is_complete(code),
        'format': lambda: kernel.format(code),
        'history': lambda: kernel.history(body.get('n', 50), body.get('pattern'), body.get('before')),
        'reset': kernel.reset,
        'asset': lambda: kernel.assets[body['id']],
    }[name]


# ---------------------------------------------------------------- HTTP


def make_handler(engine, secret):
    import hmac
    import uuid
    from http.server import BaseHTTPRequestHandler
    from urllib.parse import unquote, urlsplit

    kernel = engine.kernel

    class BadRequest(Exception):
        pass

    class Handler(BaseHTTPRequestHandler):
        protocol_version = 'HTTP/1.1'
        server_version = 'markco-mrp/' + VERSION
        sys_version = ''
        disable_nagle_algorithm = True
        timeout = None

        def log_message(self, *_):
            return None

        # -- plumbing

        def reply(self, status, body, headers=()):
            payload = to_json(body).encode('utf-8', 'replace')
            self.send_response(status)
            self.send_header('Content-Type', 'application/json')
            self.send_header('Content-Length', str(len(payload)))
            for name, value in headers:
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(payload)

        def refuse(self, status, error, message, headers=(), **more):
            self.reply(status, dict({'error': error, 'message': message}, **more), headers)

        def allowed(self):
            """AG3: no web page may talk to a runtime, and nobody without the secret."""
            if self.headers.get('Origin') is not None:
                self.close_connection = True
                self.refuse(403, 'forbidden', 'Requests from web pages are refused.')
                return False
            given = self.headers.get('Authorization', '')
            if secret and not hmac.compare_digest(given.encode('utf-8', 'replace'), ('Bearer ' + secret).encode()):
                self.close_connection = True
                self.refuse(401, 'unauthorized', 'The bearer secret of this runtime is missing or wrong.')
                return False
            return True

        def body(self):
            try:
                length = int(self.headers.get('Content-Length') or 0)
            except ValueError:
                raise BadRequest('Content-Length is not a number.')
            if length > 64_000_000:
                self.close_connection = True
                raise BadRequest('The request is larger than 64 MB.')
            raw = self.rfile.read(length)
            try:
                body = json.loads(raw) if raw.strip() else {}
            except ValueError:
                raise BadRequest('The body is not JSON.')
            if not isinstance(body, dict):
                raise BadRequest('The body must be a JSON object.')
            return body

        def do_GET(self):
            self.dispatch(GET, {})

        def do_POST(self):
            self.dispatch(POST, None)

        def dispatch(self, routes, body):
            if not self.allowed():
                return
            path = urlsplit(self.path).path
            try:
                body = self.body() if body is None else body
                prefix, name, rest = self.split(path)
                route = routes.get(name) if prefix else None
                if route is None or (rest is not None) != (name in ('variables/', 'assets/')):
                    self.refuse(404, 'not_found', 'There is nothing at this address.')
                    return
                route(self, body) if rest is None else route(self, body, rest)
            except BadRequest as exc:
                self.refuse(400, 'bad_request', str(exc))
            except Busy as exc:
                self.refuse(409, 'execution_in_progress', 'Another cell is running in this runtime.', execId=exc.exec_id)
            except Unavailable:
                self.refuse(503, 'runtime_busy', 'The runtime is busy and cannot answer now.', [('Retry-After', '1')])
            except (BrokenPipeError, ConnectionError):
                self.close_connection = True
            except Exception as exc:
                self.refuse(500, 'internal_error', '%s: %s' % (type(exc).__name__, safe_str(exc)))

        @staticmethod
        def split(path):
            if not path.startswith('/mrp/v1/'):
                return False, '', None
            name = path[len('/mrp/v1/'):]
            for stem in ('variables/', 'assets/'):
                if name.startswith(stem) and len(name) > len(stem):
                    return True, stem, unquote(name[len(stem):])
            return True, name, None

        # -- routes

        def health(self, _):
            job = engine.current
            self.reply(200, {'status': 'ok', 'state': engine.state(), 'currentExecId': job.exec_id if job else None,
                             'uptime': round(time.time() - engine.began, 3), 'stateRevision': kernel.revision, 'pid': os.getpid()})

        def capabilities(self, _):
            venv = sys.prefix if sys.prefix != getattr(sys, 'base_prefix', sys.prefix) else None
            self.reply(200, {'runtime': 'markco-python', 'version': VERSION, 'languages': ['python', 'py', 'python3'],
                             'languageVersion': '%d.%d.%d' % sys.version_info[:3], 'features': features(),
                             'ipython': kernel.shell is not None,
                             'environment': {'cwd': os.getcwd(), 'executable': sys.executable, 'virtualenv': venv}})

        def job(self, body, stdin, limit):
            code = body.get('code')
            if not isinstance(code, str):
                raise BadRequest('`code` must be a string.')
            exec_id = body.get('execId') or body.get('exec_id') or uuid.uuid4().hex
            return Job(str(exec_id), code, body.get('storeHistory', True) is not False, stdin, limit)

        def execute(self, body):
            if body.get('allowStdin'):
                raise BadRequest('`allowStdin` needs /execute/stream.')
            job = self.job(body, False, 10_000_000)
            engine.begin(job)
            while True:
                try:
                    job.stream.take(KEEP_ALIVE_SECONDS)
                except EOFError:
                    break
            self.reply(200, dict(job.result, execId=job.exec_id))

        def execute_stream(self, body):
            job = self.job(body, body.get('allowStdin', True) is not False, 262_144)
            engine.begin(job)
            self.close_connection = True
            try:
                self.send_response(200)
                for name, value in (('Content-Type', 'text/event-stream'), ('Cache-Control', 'no-store'), ('Connection', 'close')):
                    self.send_header(name, value)
                self.end_headers()
                self.pour(job.stream)
            except OSError:
                job.stream.detach()

        def pour(self, stream):
            seq = 0
            while True:
                try:
                    item = stream.take(KEEP_ALIVE_SECONDS)
                except EOFError:
                    return
                if item is None:
                    self.wfile.write(b': keep-alive\n\n')
                    continue
                seq += 1
                text = 'event: %s\ndata: %s\n\n' % (item[0], to_json(dict(item[1], seq=seq)))
                self.wfile.write(text.encode('utf-8', 'replace'))

        def input(self, body):
            text = body.get('text', '')
            if not isinstance(text, str):
                raise BadRequest('`text` must be a string.')
            accepted = engine.answer_input(str(body.get('execId') or body.get('exec_id')), text)
            self.reply(200, {'accepted': accepted})

        def input_cancel(self, body):
            cancelled = engine.answer_input(str(body.get('execId') or body.get('exec_id')), cancel=True)
            self.reply(200, {'cancelled': cancelled})

        def interrupt(self, _):
            self.reply(200, {'interrupted': engine.interrupt()})

        def place(self, body):
            code, cursor = body.get('code'), body.get('cursor')
            if not isinstance(code, str) or not isinstance(cursor, int):
                raise BadRequest('`code` (text) and `cursor` (UTF-16 code units) are needed.')
            return code, cursor

        def complete(self, body):
            code, cursor = self.place(body)
            if engine.current is not None:
                self.reply(200, kernel.complete(code, cursor, False))
                return
            self.reply(200, engine.question_answer(lambda: kernel.complete(code, cursor)))

        def inspect(self, body):
            code, cursor = self.place(body)
            self.reply(200, engine.question_answer(lambda: kernel.inspect(code, cursor, body.get('detail') or 0)))

        def hover(self, body):
            code, cursor = self.place(body)
            self.reply(200, engine.question_answer(lambda: kernel.hover(code, cursor)))

        def variables(self, _):
            self.reply(200, engine.question_answer(kernel.variables))

        def variable(self, body, name):
            path = body.get('path')
            path = [p for p in re.split(r'[.\[\]]+', path) if p] if isinstance(path, str) else path
            try:
                self.reply(200, engine.question_answer(lambda: kernel.variable(name, path)))
            except (KeyError, IndexError, ValueError, StopIteration, RuntimeError):
                self.refuse(404, 'not_found', 'There is no such variable.')

        def is_complete(self, body):
            self.reply(200, kernel.is_complete(str(body.get('code', ''))))

        def format(self, body):
            self.reply(200, kernel.format(str(body.get('code', ''))))

        def history(self, body):
            self.reply(200, kernel.history(body.get('n', 50), body.get('pattern'), body.get('before')))

        def reset(self, body):
            scope = body.get('scope', ['namespace'])
            if scope != ['namespace']:
                raise BadRequest('Only the scope ["namespace"] can be reset.')
            if engine.current is not None:
                raise Busy(engine.current.exec_id)
            self.reply(200, engine.question_answer(kernel.reset, 30))

        def asset(self, _, asset_id):
            found = kernel.assets.get(asset_id) if '/' not in asset_id and '..' not in asset_id else None
            if found is None:
                self.refuse(404, 'not_found', 'There is no such asset.')
                return
            self.send_response(200)
            self.send_header('Content-Type', found[0])
            self.send_header('Content-Length', str(len(found[1])))
            self.end_headers()
            self.wfile.write(found[1])

    GET = {'health': Handler.health, 'capabilities': Handler.capabilities, 'assets/': Handler.asset}
    POST = {
        'execute': Handler.execute, 'execute/stream': Handler.execute_stream, 'input': Handler.input,
        'input/cancel': Handler.input_cancel, 'interrupt': Handler.interrupt, 'complete': Handler.complete,
        'inspect': Handler.inspect, 'hover': Handler.hover, 'variables': Handler.variables, 'variables/': Handler.variable,
        'is_complete': Handler.is_complete, 'format': Handler.format, 'history': Handler.history, 'reset': Handler.reset,
    }
    return Handler


# ---------------------------------------------------------------- start


def _watch_parent(descriptor):
    """Ends us, children included, when the parent's end of our stdin closes: a runtime never outlives its agent."""
    with contextlib.suppress(OSError):
        while os.read(descriptor, 4096):
            pass
    if hasattr(os, 'killpg') and os.getpgrp() == os.getpid():
        os.killpg(os.getpgrp(), signal.SIGKILL)
    os._exit(0)


def main():
    """Serves until the parent goes. Prints one JSON line {"port", "pid"} on stdout when it is ready."""
    import faulthandler
    from http.server import ThreadingHTTPServer

    secret = os.environ.pop('MARKCO_MRP_SECRET', '')
    lifeline, ready, last_words = os.dup(0), os.dup(1), os.dup(2)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    faulthandler.enable(file=last_words)
    sys.modules['markco_mrp'] = sys.modules['__main__']
    sys.path[0] = ''
    sys.argv = ['']
    engine = Engine()

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64

        def handle_error(self, request, client_address):
            return None

    server = Server(('127.0.0.1', 0), make_handler(engine, secret))
    threading.Thread(target=_watch_parent, args=(lifeline,), name='markco-lifeline', daemon=True).start()
    threading.Thread(target=server.serve_forever, name='markco-http', daemon=True).start()
    os.write(ready, (json.dumps({'port': server.server_address[1], 'pid': os.getpid()}) + '\n').encode())
    os.close(ready)
    engine.run_forever()


if __name__ == '__main__':
    main()
