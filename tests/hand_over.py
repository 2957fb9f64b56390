"""What xdist starts for a worker: it hands its three streams over to one that is forked.

`python -I -S hand_over.py ADDRESS`; what else execnet writes behind it is for an interpreter.
"""

import json
import os
import socket
import sys
from pathlib import Path

if __name__ == "__main__":
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as door:
        door.connect(sys.argv[1])
        # What it is told is where it is; the first line of the other end is for the worker.
        about = json.dumps({"folder": str(Path.cwd()), "environment": dict(os.environ)})
        socket.send_fds(door, [about.encode()], [0, 1, 2])
