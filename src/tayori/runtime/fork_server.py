"""Read last by the server that forks the processes, and by nobody else.

What it has read so far lasts as long as it does, so no process looks for garbage in it, and its
memory stays shared. It ends when nobody is left whom it could serve; a signal to a whole group of
processes must not take it away from those that are still finishing their work. The signal is held
back, not ignored: a process that has just been forked still gets it, once it can die of it.
"""

import gc
import signal

from setproctitle import setproctitle

gc.collect()
gc.freeze()
setproctitle("tayori: forks processes")
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
