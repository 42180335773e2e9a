//! inventories
