/** Preloaded into every child: when the supervisor is gone, however it went, the child stops cleanly too. */
process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'));
