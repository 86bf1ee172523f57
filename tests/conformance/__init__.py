"""What every form must do, asked of every form: a new one is tested the day it is declared, without a line here."""
