/** Calls a notebook has no use for and that reach into other processes, namespaces or the kernel, by architecture. */
const DENIED: Record<string, { audit: number; calls: readonly number[] }> = {
  // ptrace, mount, umount2, swapon, swapoff, reboot, sethostname, init_module, delete_module, kexec_load, add_key, request_key, keyctl,
  // unshare, move_pages, perf_event_open, name_to_handle_at, open_by_handle_at, setns, process_vm_readv, process_vm_writev, kcmp,
  // finit_module, bpf, userfaultfd, io_uring_setup, open_tree, move_mount, fsopen, pidfd_getfd
  x64: {
    audit: 0xc000003e,
    calls: [
      101, 165, 166, 167, 168, 169, 170, 175, 176, 246, 248, 249, 250, 272, 279, 298, 303, 304, 308, 310, 311, 312, 313, 321, 323, 425, 428,
      429, 430, 438,
    ],
  },
  arm64: {
    audit: 0xc00000b7,
    calls: [
      117, 40, 39, 224, 225, 142, 161, 105, 106, 104, 217, 218, 219, 97, 239, 241, 264, 265, 268, 270, 271, 272, 273, 280, 282, 425, 428,
      429, 430, 438,
    ],
  },
};

const [LOAD_WORD, JUMP_EQUAL, JUMP_AT_LEAST, RETURN] = [0x20, 0x15, 0x35, 0x06];
const ALLOW = 0x7fff0000;
const KILL = 0x80000000;
const NOT_PERMITTED = 0x00050001;
/** Numbers from here on are another calling convention of x86-64, with the same calls under other numbers. */
const X32 = 0x40000000;

/**
 * The seccomp filter of a box as `bwrap --seccomp` reads it: classic BPF over `struct seccomp_data`. Denied calls fail with EPERM.
 * Null on an architecture whose numbers are not known here.
 */
export function boxSeccomp(arch: string = process.arch): Buffer | null {
  const denied = DENIED[arch];
  if (!denied) return null;
  const { audit, calls } = denied;
  const program = [
    step(LOAD_WORD, 4),
    step(JUMP_EQUAL, audit, 1, 0),
    step(RETURN, KILL),
    step(LOAD_WORD, 0),
    step(JUMP_AT_LEAST, X32, 0, 1),
    step(RETURN, NOT_PERMITTED),
    ...calls.flatMap((call) => [step(JUMP_EQUAL, call, 0, 1), step(RETURN, NOT_PERMITTED)]),
    step(RETURN, ALLOW),
  ];
  return Buffer.concat(program);
}

/** One instruction: what to do, how far to jump when it holds and when not, and its operand. In the byte order of both machines. */
function step(code: number, operand: number, whenTrue = 0, whenFalse = 0): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt16LE(code, 0);
  bytes.writeUInt8(whenTrue, 2);
  bytes.writeUInt8(whenFalse, 3);
  bytes.writeUInt32LE(operand >>> 0, 4);
  return bytes;
}
