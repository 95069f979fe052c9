"""A sample action server: connexion, Flask and Swagger UI around `openapi/custom_action.yaml`.

It knows nothing of mm_actions: it stands for a server written by somebody else.
"""

import warnings

# connexion's own imports of deprecated names are nothing that a user of this server can act on.
warnings.filterwarnings("ignore", module=r"connexion\.")
