"""Pictures to try ilk with, and questions to ask of them."""
