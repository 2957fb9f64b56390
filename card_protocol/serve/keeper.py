"""Holds a network namespace of its own, and hands out sockets that live in it.

It runs as a script under `unshare`, with a Unix socket as its standard input: each request is a
port, the answer is one byte and, when something listens on that port of the namespace's loopback,
the connected socket. A socket stays in the namespace it was made in, so its receiver reaches into
the namespace from outside. The keeper ends when the other side of its standard input closes; the
namespace ends with it and the programs started in it.
"""

import fcntl
import socket
import struct

# linux/sockios.h and linux/if.h: set an interface's flags; it is up.
SIOCSIFFLAGS = 0x8914
IFF_UP = 0x1
CONNECTED, REFUSED = b"+", b"-"


def raise_loopback() -> None:
    """Bring `lo` up: a new namespace has it, but down."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", IFF_UP))


def keep() -> None:
    """Answer requests until the other side closes."""
    raise_loopback()
    with socket.socket(fileno=0) as asked:
        asked.sendall(CONNECTED)
        while request := asked.recv(2):
            (port,) = struct.unpack("!H", request)
            with socket.socket() as made:
                if made.connect_ex(("127.0.0.1", port)):
                    asked.sendall(REFUSED)
                else:
                    socket.send_fds(asked, [CONNECTED], [made.fileno()])


if __name__ == "__main__":
    keep()
