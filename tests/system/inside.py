"""System calls made from inside a process that is there already, with its descriptors, its memory
and its sandbox: ptrace stops it where it waits, has it make the call, and lets it go on.

    with Inside(pid) as inside:
        inside.call("openat", AT_FDCWD, b"/etc/passwd", os.O_RDONLY)

gives what the kernel answered (-errno where it refused); Died where the call was its end. Needs
root, and x86-64: possible() says so.
"""
import ctypes
import os
import platform
import signal
from pathlib import Path

AT_FDCWD = -100
CALLS = {"read": 0, "write": 1, "mmap": 9, "mprotect": 10, "munmap": 11, "getpid": 39,
         "socket": 41, "connect": 42, "sendto": 44, "shutdown": 48, "bind": 49, "listen": 50,
         "setsockopt": 54, "fork": 57, "execve": 59, "kill": 62, "ptrace": 101, "prctl": 157,
         "openat": 257, "pidfd_getfd": 438, "process_vm_readv": 310, "memfd_create": 319}

ATTACH, DETACH, GETREGS, SETREGS, SINGLESTEP = 16, 17, 12, 13, 9
WALL = 0x40000000
NAMES = ("r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss "
         "fs_base gs_base ds es fs gs").split()
ARGUMENTS = ("rdi", "rsi", "rdx", "r10", "r8", "r9")
INTERRUPTED = -4  # EINTR: what the call that was waited in gives

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
LIBC.ptrace.restype = ctypes.c_long


class Registers(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in NAMES]


class Died(Exception):
    """The call ended the process, with this signal."""

    def __init__(self, number):
        super().__init__(signal.Signals(number).name)
        self.signal = number


def possible():
    return os.geteuid() == 0 and platform.machine() == "x86_64"


def ptrace(request, pid, data=None):
    if LIBC.ptrace(request, pid, None, data) < 0:
        raise OSError(ctypes.get_errno(), "ptrace")


class Inside:
    def __init__(self, pid):
        self.pid, self.alive = pid, True

    def __enter__(self):
        ptrace(ATTACH, self.pid)
        self.wait()
        self.saved = Registers()
        ptrace(GETREGS, self.pid, ctypes.byref(self.saved))
        self.at = self.saved.rip - 2
        if self.memory(self.at, 2) != b"\x0f\x05":
            raise RuntimeError("it doesn't wait in a system call")
        self.saved.rax = INTERRUPTED % 2**64
        self.saved.orig_rax = 2**64 - 1
        return self

    def __exit__(self, *_):
        if self.alive:
            ptrace(SETREGS, self.pid, ctypes.byref(self.saved))
            ptrace(DETACH, self.pid)

    def wait(self):
        _, status = os.waitpid(self.pid, WALL)
        if os.WIFSTOPPED(status):
            return
        self.alive = False
        if os.WIFEXITED(status):  # an exec'd program, or exit
            raise RuntimeError(f"it ended with {os.WEXITSTATUS(status)}")
        raise Died(os.WTERMSIG(status))

    def memory(self, address, size):
        with open(f"/proc/{self.pid}/mem", "rb", buffering=0) as file:
            file.seek(address)
            return file.read(size)

    def call(self, name, *args):
        """Integers, and bytes, which are put into its memory, with a NUL behind them."""
        registers = Registers.from_buffer_copy(self.saved)
        registers.rip, registers.rax = self.at, CALLS[name]
        place = self.saved.rsp - 2048
        with open(f"/proc/{self.pid}/mem", "r+b", buffering=0) as file:
            for register, value in zip(ARGUMENTS, args):
                if isinstance(value, bytes):
                    file.seek(place)
                    file.write(value + b"\0")
                    value, place = place, place + len(value) + 16
                setattr(registers, register, value % 2**64)
        ptrace(SETREGS, self.pid, ctypes.byref(registers))
        ptrace(SINGLESTEP, self.pid)
        self.wait()
        ptrace(GETREGS, self.pid, ctypes.byref(registers))
        return ctypes.c_int64(registers.rax).value


def descriptors(pid):
    """number → what it is, as /proc says."""
    return {int(entry.name): os.readlink(entry) for entry in Path(f"/proc/{pid}/fd").iterdir()}
