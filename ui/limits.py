"""How much the window and the HTTP interface take."""

MAX_QUESTION = 2000  # characters
MAX_HISTORY = 50  # turns in one request
CONTEXT_TURNS = 6  # turns of a conversation that are sent along with a question
KEPT_TURNS = 60  # turns that a page keeps in view
