//! Laws: one file each, in one shape.
