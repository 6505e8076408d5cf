//! What an attacker would try: each kind in a file whose name runs it alone.

mod enum_timing;
mod jwt_forge;
mod mass_assign;
mod parser_abuse;
mod race_once;
