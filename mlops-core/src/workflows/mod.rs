//! What crosses pillars.
