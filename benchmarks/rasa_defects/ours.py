"""Our server of the same actions, at two ports: that of HTTP and that of gRPC."""

import sys

from benchmarks.rasa_defects.pair import BARGE_IN
from mm_actions.server import ActionServer
from mm_actions.server.rasa_sdk import register

if __name__ == "__main__":
    server = ActionServer(rasa=True, barge_in=BARGE_IN)
    register(server, "benchmarks.rasa_defects.actions")
    server.run(port=int(sys.argv[1]), grpc_port=int(sys.argv[2]))
