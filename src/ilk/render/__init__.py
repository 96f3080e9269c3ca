"""What people see: in a terminal, on a contact sheet."""
