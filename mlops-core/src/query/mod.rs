//! tmp
use crate::error::Result;
use std::borrow::Cow;
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Entity {
    Metric,
    Param,
    Tag,
    Attribute,
    Dataset,
}
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct Field {
    pub entity: Entity,
    pub key: String,
}
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct OrderKey {
    pub field: Field,
    pub descending: bool,
}
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub enum Value<'a> {
    Number(f64),
    Text(Cow<'a, str>),
}
#[allow(missing_docs)]
pub trait Record {
    fn get(&self, field: &Field) -> Option<Value<'_>>;
}
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct Expr;
#[allow(missing_docs)]
impl Expr {
    pub fn matches(&self, _r: &dyn Record) -> bool {
        true
    }
}
#[allow(missing_docs)]
pub fn parse(_t: &str) -> Result<Expr> {
    Ok(Expr)
}
#[allow(missing_docs)]
pub fn parse_order(_t: &[String]) -> Result<Vec<OrderKey>> {
    Ok(vec![])
}
#[allow(missing_docs)]
pub fn compare(_a: Option<Value<'_>>, _b: Option<Value<'_>>, _d: bool) -> std::cmp::Ordering {
    std::cmp::Ordering::Equal
}
