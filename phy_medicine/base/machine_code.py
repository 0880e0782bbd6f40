"""Compiled kernels without their compiler: machine code that numba made once, kept on disk, loaded in milliseconds.

Importing numba and loading its own cache takes 0.4 s of a start, most of it with the interpreter locked; llvmlite alone
and an object file take 0.06 s. A module of kernels declares them with their argument types, and imports nothing heavy:

    kernels = Kernels(__name__)

    @kernels.helper
    def _mix(a, b): ...

    @kernels.kernel("u4[:,:] f4[:] f8 i8")
    def fill(out, x, scale, n): ...

Types are numpy's short names; arrays are C-contiguous, `[:]` for each axis. A kernel returns nothing, allocates nothing
(scratch arrays are arguments) and never raises; it runs without the interpreter's lock. Calling one loads all of its
module, and compiles them when there is no code for this processor and these sources yet.
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib
import importlib.metadata
import inspect
import os
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType
from typing import Any

import numpy as np

from phy_medicine.base.code_files import Code, read_code, write_code
from phy_medicine.base.log import logger
from phy_medicine.base.paths import user_dir

_FORMAT = "1"  # of the files and of how a kernel is called; part of the key
# What a compiler may call for numpy's functions and for filling and copying, besides the declared externals.
_FUNCTIONS = ("ceil", "cos", "exp", "floor", "fmod", "log", "pow", "rint", "round", "sin", "sqrt", "trunc")
_LIBRARY = ("memset", "memcpy", "memmove", *_FUNCTIONS, *(f"{name}f" for name in _FUNCTIONS))
_registered: list[Kernels] = []
_kept: list[Any] = []  # engines own the code
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class _Argument:
    """Type of an argument: numpy's name, and the number of axes, 0 for a number."""

    dtype: str
    ndim: int

    @classmethod
    def of(cls, text: str) -> _Argument:
        dtype, _, axes = text.partition("[")
        return cls(dtype, axes.count(":"))


@dataclass(frozen=True, slots=True)
class _External:
    """A function of the C library; stands in the module for what only compiled code can call."""

    name: str
    signature: str


class Kernel:
    """One compiled function; called with numpy arrays and numbers of the declared types."""

    def __init__(self, owner: Kernels, function: FunctionType, signature: str, *, name: str, fused: bool) -> None:
        self._owner = owner
        self.function = function
        self.name = name
        self.fused = fused
        self.arguments = tuple(_Argument.of(word) for word in signature.split())
        self.signature = signature
        self.code: Callable[..., object] | None = None
        self.__doc__ = function.__doc__

    def __call__(self, *values: Any) -> None:
        if self.code is None:
            self._owner.load()
            assert self.code is not None
        if len(values) != len(self.arguments):
            raise TypeError(f"{self.name} takes {len(self.arguments)} arguments, not {len(values)}.")
        flat: list[Any] = []
        for position, (value, argument) in enumerate(zip(values, self.arguments, strict=True)):
            if argument.ndim:
                self._check(value, argument, position)
                flat += _flat_array(value)
            elif argument.dtype[0] == "f":
                flat.append(ctypes.c_double(value))
            else:
                flat.append(ctypes.c_int64(value))
        self.code(*flat)

    def _check(self, array: Any, argument: _Argument, position: int) -> None:
        if not (
            isinstance(array, np.ndarray)
            and array.dtype == argument.dtype
            and array.ndim == argument.ndim
            and array.flags.c_contiguous
        ):
            found = f"{array.dtype} {array.shape}" if isinstance(array, np.ndarray) else repr(array)
            wanted = f"{argument.ndim} axes of {argument.dtype}, contiguous"
            raise TypeError(f"Argument {position + 1} of {self.name} must have {wanted}, not {found}.")


def _flat_array(array: np.ndarray) -> list[Any]:
    """An array as numba passes it: memory info, owner, size, item size, data, shape, strides."""
    numbers = (array.size, array.itemsize, array.ctypes.data, *array.shape, *array.strides)
    return [None, None, *map(ctypes.c_int64, numbers)]


class Kernels:
    """All kernels of one module, loaded together."""

    def __init__(self, module: str) -> None:
        self._module = module
        self._kernels: dict[str, Kernel] = {}
        self._helpers: dict[str, FunctionType] = {}
        self._externals: list[str] = []
        self._loaded = threading.Event()
        self._lock = threading.Lock()
        _registered.append(self)

    def helper(self, function: Any) -> Any:
        """Let kernels call a function; it becomes part of their code."""
        self._helpers[function.__name__] = function
        return function

    def external(self, name: str, signature: str) -> Any:
        """Return what kernels can call as a function of the C library.

        signature : types of the result and the arguments, "i8 i4 i8"; an address is an i8
        """
        self._externals.append(name)
        return _External(name, signature)

    def kernel(self, signature: str, *, name: str = "", fused: bool = False) -> Callable[[Any], Kernel]:
        """Make a function a kernel with these argument types.

        name : when it is made for several types
        fused : products are added without being rounded before, where the processor does it in one instruction
        """

        def add(function: Any) -> Kernel:
            kernel = Kernel(self, function, signature, name=name or function.__name__, fused=fused)
            self._kernels[kernel.name] = kernel
            return kernel

        return add

    @property
    def ready(self) -> bool:
        """Whether the code is loaded."""
        return self._loaded.is_set()

    def load(self, *, compile: bool = True) -> bool:
        """Load the code from the disk, or compile and keep it; safe in any thread.

        compile : False leaves it when there is none on the disk yet

        Returns
        -------
        bool : whether it is loaded
        """
        with self._lock:
            if not self.ready and (self._load_kept() or (compile and self._compile())):
                self._loaded.set()
        return self.ready

    def _load_kept(self) -> bool:
        key = self._key()
        for folder in _folders():
            found = read_code(folder / f"{self._module}-{key}.code")
            if found is not None:
                try:
                    return self._link(found)
                except Exception as error:  # numba compiles it anew, which is slow and always possible
                    logger.debug("Kept machine code of %s cannot be used: %s", self._module, error)
        return False

    def _compile(self) -> bool:
        code, plain = _compile(self._kernels, self._helpers, self._externals)
        name = f"{self._module}-{self._key()}.code"
        for folder in _folders():
            if write_code(folder / name, code):
                break
        try:
            return self._link(code)
        except Exception as error:
            logger.warning("Machine code of %s cannot be linked (%s); numba runs it.", self._module, error)
        for kernel in self._kernels.values():
            kernel.code = plain(kernel)
        return True

    def _link(self, code: Sequence[Code]) -> bool:
        """Put the code into executable memory."""
        engine = _engine(code, self._externals)
        addresses = {c.name: engine.get_function_address(c.symbol) for c in code}
        missing = [name for name in self._kernels if not addresses.get(name)]
        if missing:
            raise OSError(f"{missing[0]} is missing")
        for name, kernel in self._kernels.items():
            kernel.code = _caller(addresses[name], kernel)
        return True

    def _key(self) -> str:
        """What the code depends on: sources, numba, and the processor."""
        binding = _binding()
        source = Path(inspect.getfile(next(iter(self._kernels.values())).function)).read_bytes()
        facts = (
            _FORMAT,
            sys.platform,
            importlib.metadata.version("numba"),
            binding.get_host_cpu_name(),
            binding.get_host_cpu_features().flatten(),
            *sorted(f"{name}={value}" for name, value in os.environ.items() if name.startswith("NUMBA_")),
        )
        return hashlib.sha256("\n".join(facts).encode() + source).hexdigest()[:20]


def load_kept() -> bool:
    """Load what all imported modules of kernels have on the disk, without compiling; True if that is everything."""
    loaded = [kernels.load(compile=False) for kernels in tuple(_registered)]
    return all(loaded)


def _binding() -> Any:
    return importlib.import_module("llvmlite.binding")


def _engine(code: Sequence[Code], externals: Iterable[str]) -> Any:
    binding = _binding()
    with _lock:
        _give_library(binding, externals)
        binding.initialize_native_target()
        binding.initialize_native_asmprinter()
        machine = binding.Target.from_default_triple().create_target_machine()
        engine = binding.create_mcjit_compiler(binding.parse_assembly(""), machine)
        for one in code:
            engine.add_object_file(binding.ObjectFileRef.from_data(one.data))
        engine.finalize_object()
        _kept.append(engine)
    return engine


def _give_library(binding: Any, externals: Iterable[str]) -> None:
    """Tell the linker where the functions of the C library are; it does not look for them without numba."""
    library = ctypes.CDLL(None)
    for name in (*_LIBRARY, *externals):
        binding.add_symbol(name, ctypes.cast(getattr(library, name), ctypes.c_void_p).value)


def _caller(address: int, kernel: Kernel) -> Callable[..., object]:
    """Return a function of the flat arguments; ctypes gives the interpreter free while it runs."""
    kinds: list[Any] = [ctypes.c_void_p, ctypes.c_void_p]
    for argument in kernel.arguments:
        if argument.ndim:
            kinds += [ctypes.c_void_p] * 2 + [ctypes.c_int64] * (3 + 2 * argument.ndim)
        else:
            kinds.append(ctypes.c_double if argument.dtype[0] == "f" else ctypes.c_int64)
    call = ctypes.CFUNCTYPE(ctypes.c_int32, *kinds)(address)

    def run(*flat: Any) -> None:
        result, trouble = ctypes.c_void_p(), ctypes.c_void_p()
        status = call(ctypes.addressof(result), ctypes.addressof(trouble), *flat)
        if status:
            raise RuntimeError(f"The kernel {kernel.name} failed with status {status}.")

    return run


def _folders() -> tuple[Path, ...]:
    """Where code is kept: with the compiled Python files, or in the user's folder when that cannot be written."""
    return Path(__file__).parent.parent / "__pycache__", user_dir() / "kernels"


# With numba


def _compile(
    kernels: dict[str, Kernel], helpers: dict[str, FunctionType], externals: Iterable[str]
) -> tuple[list[Code], Callable[[Kernel], Callable[..., object]]]:
    """Compile kernels; returns their code, and a function that gives a kernel to be called through numba."""
    numba: Any = importlib.import_module("numba")
    types: Any = importlib.import_module("numba.core.types")
    given: dict[str, Any] = {}

    def external(name: str, signature: str) -> Any:
        result, *arguments = (_number(types, word) for word in signature.split())
        return types.ExternalFunction(name, result(*arguments))

    def known(function: FunctionType) -> FunctionType:
        scope = {**function.__globals__, **given}
        found = {name: value for name, value in scope.items() if isinstance(value, _External)}
        scope |= {name: external(value.name, value.signature) for name, value in found.items()}
        return FunctionType(function.__code__, scope, function.__name__, function.__defaults__, function.__closure__)

    for name, function in helpers.items():
        given[name] = numba.njit(inline="always", error_model="numpy")(known(function))

    def build(kernel: Kernel, **options: Any) -> Any:
        arguments = [_type(types, a) for a in kernel.arguments]
        signature = types.void(*arguments)
        fast = {"contract"} if kernel.fused else False
        return numba.njit(signature, nogil=True, error_model="numpy", fastmath=fast, **options)(known(kernel.function))

    code = []
    for name, kernel in kernels.items():
        try:
            made = build(kernel, no_cpython_wrapper=True, no_cfunc_wrapper=True, _nrt=False)
        except Exception as error:
            raise TypeError(f"The kernel {name} cannot be compiled, or allocates: {error}") from error
        compiled = made.overloads[made.signatures[0]]
        _check_complete(name, compiled.library._final_module, externals)
        code.append(Code(name, compiled.fndesc.llvm_func_name, compiled.library._get_compiled_object()))
    return code, lambda kernel: _unflat(build(kernel), kernel)


def _check_complete(name: str, module: Any, externals: Iterable[str]) -> None:
    """Refuse code that calls what will not be there without numba: its linker would leave a call to nowhere."""
    known = {*_LIBRARY, *externals}
    for function in module.functions:
        if function.is_declaration and not function.name.startswith("llvm.") and function.name not in known:
            raise TypeError(f"The kernel {name} cannot stand alone: its code calls {function.name}.")


def _number(types: Any, dtype: str) -> Any:
    return {"f4": types.float32, "f8": types.float64, "i4": types.int32, "i8": types.int64}[dtype]


def _type(types: Any, argument: _Argument) -> Any:
    if not argument.ndim:
        # Numbers are passed in full width whatever their name says.
        return types.float64 if argument.dtype[0] == "f" else types.int64
    names = {"f": "float", "i": "int", "u": "uint"}
    item = getattr(types, f"{names[argument.dtype[0]]}{8 * int(argument.dtype[1:])}")
    return types.Array(item, argument.ndim, "C")


def _unflat(function: Any, kernel: Kernel) -> Callable[..., object]:
    """Take flat arguments back to arrays; the slow way, for a system on which the code cannot be linked."""

    def run(*flat: Any) -> None:
        values, place = [], 0
        for argument in kernel.arguments:
            if not argument.ndim:
                values.append(flat[place].value)
                place += 1
                continue
            address, shape = flat[place + 4].value, [n.value for n in flat[place + 5 : place + 5 + argument.ndim]]
            size = int(np.prod(shape)) * np.dtype(argument.dtype).itemsize
            memory = memoryview((ctypes.c_char * size).from_address(address)).cast("B")
            values.append(np.frombuffer(memory, dtype=argument.dtype).reshape(shape))
            place += 5 + 2 * argument.ndim
        function(*values)

    return run
